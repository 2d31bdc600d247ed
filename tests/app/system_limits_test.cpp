#include "app/system_limits.h"

#include <gtest/gtest.h>

namespace fwd {
namespace {

TEST(SystemLimitsTest, ReadsTheQuotaOfACgroup) {
  const struct {
    const char* cpu_max;
    std::optional<unsigned> cpus;
  } cases[] = {
      {"max 100000", std::nullopt}, {"100000 100000", 1}, {"150000 100000", 2},       {"50000 100000", 1},
      {"400000 100000", 4},         {"", std::nullopt},   {"0 100000", std::nullopt},
  };
  for (const auto& c : cases) EXPECT_EQ(cpu_quota(c.cpu_max), c.cpus) << c.cpu_max;
}

TEST(SystemLimitsTest, AtLeastOneCpuIsUsable) { EXPECT_GE(usable_cpus(), 1U); }

TEST(SystemLimitsTest, ReservesMoreForMoreWorkers) {
  Config config;
  config.services.resize(1);
  config.max_connections = 1'000'000;
  const auto one = descriptor_budget(config, 1, 20'000);
  const auto many = descriptor_budget(config, 64, 20'000);
  EXPECT_TRUE(one.lowered);
  EXPECT_GT(one.max_connections, 9'800U);
  EXPECT_LT(many.max_connections, one.max_connections);
}

TEST(SystemLimitsTest, LeavesAConfiguredNumberAloneWhenTheLimitCarriesIt) {
  Config config;
  config.services.resize(1);
  config.max_connections = 100;
  const auto budget = descriptor_budget(config, 2, 20'000);
  EXPECT_FALSE(budget.lowered);
  EXPECT_EQ(budget.max_connections, 100U);
}

}  // namespace
}  // namespace fwd
