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
      {{50200, 200, 25000}, 25000, false},
      {{50199, 200, 25000}, 24999, true},
      {{1024, 200, 25000}, 412, true},
      {{202, 200, 25000}, 1, true},
      {{201, 200, 25000}, 0, true},
      {{200, 200, 25000}, 0, true},
      {{100, 200, 25000}, 0, true},
      {{UINT64_MAX, 200, 25000}, 25000, false},  // RLIM_INFINITY
      {{UINT64_MAX, 0, UINT64_MAX}, UINT64_MAX / 2, true},
  };
  for (const auto& c : cases) {
    const DescriptorBudget budget = plan_descriptors(c.needs);
    EXPECT_EQ(budget.max_connections, c.max_connections) << "limit " << c.needs.limit;
    EXPECT_EQ(budget.lowered, c.lowered) << "limit " << c.needs.limit;
  }
}

}  // namespace
}  // namespace fwd
