#include "core/descriptor_budget.h"

#include <gtest/gtest.h>

namespace fwd {
namespace {

TEST(DescriptorBudgetTest, LowersConnectionsToWhatTheLimitCarries) {
  const struct {
    DescriptorNeeds needs;
    std::uint64_t max_connections;
    bool lowered;
  } cases[] = {
      {{65536, 200, 25000}, 25000, false},
      {{50328, 200, 25000}, 25000, false},
      {{50327, 200, 25000}, 24999, true},
      {{1024, 200, 25000}, 404, true},
      {{204, 200, 25000}, 1, true},
      {{203, 200, 25000}, 0, true},
      {{200, 200, 25000}, 0, true},
      {{100, 200, 25000}, 0, true},
      {{UINT64_MAX, 200, 25000}, 25000, false},  // RLIM_INFINITY
      {{UINT64_MAX, 0, UINT64_MAX}, UINT64_MAX / 2 - 64, true},
  };
  for (const auto& c : cases) {
    const DescriptorBudget budget = plan_descriptors(c.needs);
    EXPECT_EQ(budget.max_connections, c.max_connections) << "limit " << c.needs.limit;
    EXPECT_EQ(budget.lowered, c.lowered) << "limit " << c.needs.limit;
  }
}

TEST(DescriptorBudgetTest, GivesPipesASmallShareOfTheLimit) {
  const struct {
    std::uint64_t limit;
    std::uint64_t workers;
    std::size_t pipes_per_worker;
  } cases[] = {{100, 1, 0},     {1024, 1, 8},    {1024, 4, 2},
               {20'000, 1, 64}, {20'000, 8, 19}, {UINT64_MAX, 8, 64}};
  for (const auto& c : cases) {
    const DescriptorBudget budget = plan_descriptors(
        {.limit = c.limit, .reserved = 0, .max_connections = UINT64_MAX, .workers = c.workers});
    EXPECT_EQ(budget.pipes_per_worker, c.pipes_per_worker) << c.limit << ", workers: " << c.workers;
    EXPECT_EQ(budget.sessions_and_links, c.limit - 2 * c.pipes_per_worker * c.workers);
  }
}

}  // namespace
}  // namespace fwd
