#include "net/backend_table.h"

#include <gtest/gtest.h>

#include <vector>

namespace fwd {
namespace {

class BackendTableTest : public testing::Test {
 protected:
  void publish(const std::vector<BackendKey>& keys) {
    auto set = std::make_shared<ActiveSet>();
    for (const BackendKey key : keys) {
      set->members.push_back({key, {{{}, static_cast<std::uint16_t>(key)}}, loads[key], {}});
    }
    table.set_active(std::move(set));
  }
  // Owners of the shared count besides the test and the active set: the table's entry.
  bool holds(BackendKey key) const { return loads[key].use_count() > 1; }

  std::vector<std::shared_ptr<BackendLoad>> loads = {
      std::make_shared<BackendLoad>(), std::make_shared<BackendLoad>(), std::make_shared<BackendLoad>()};
  BackendTable table;
};

TEST_F(BackendTableTest, StartsWithoutMembers) { EXPECT_TRUE(table.active().members.empty()); }

TEST_F(BackendTableTest, LeaseCountsAsLoadUntilItIsGone) {
  publish({1, 2});
  {
    const auto first = table.lease(1);
    auto second = table.lease(1);
    EXPECT_EQ(first.backend().key, 1U);
    EXPECT_EQ(first.backend().id.endpoint.port, 1);
    EXPECT_EQ(loads[1]->in_use(), 2U);
    EXPECT_EQ(loads[2]->in_use(), 0U);
    second.reset();
    second.reset();
    EXPECT_EQ(loads[1]->in_use(), 1U);
  }
  EXPECT_EQ(loads[1]->in_use(), 0U);
  EXPECT_EQ(loads[1]->picks(), 2U);
}

TEST_F(BackendTableTest, MovedLeaseCountsOnce) {
  publish({1, 2});
  auto lease = table.lease(1);
  auto moved = std::move(lease);
  EXPECT_EQ(loads[1]->in_use(), 1U);
  moved = table.lease(2);
  EXPECT_EQ(loads[1]->in_use(), 0U);
  EXPECT_EQ(loads[2]->in_use(), 1U);
}

TEST_F(BackendTableTest, DepartedBackendLivesUntilItsLastLease) {
  publish({1, 2});
  auto first = table.lease(1);
  auto second = table.lease(1);
  publish({2});
  EXPECT_FALSE(first.backend().listed);
  EXPECT_TRUE(holds(1));
  first.reset();
  EXPECT_EQ(second.backend().key, 1U);
  second.reset();
  EXPECT_FALSE(holds(1));
  EXPECT_TRUE(holds(2));
}

TEST_F(BackendTableTest, ForgetsADepartedBackendWithoutLeasesAtOnce) {
  publish({1, 2});
  publish({2});
  EXPECT_FALSE(holds(1));
}

TEST_F(BackendTableTest, BackendThatComesBackFindsItsEntry) {
  publish({1});
  auto lease = table.lease(1);
  const auto* const entry = &lease.backend();
  publish({});
  publish({1});
  EXPECT_TRUE(lease.backend().listed);
  EXPECT_EQ(&table.lease(1).backend(), entry);
  lease.reset();
  EXPECT_TRUE(holds(1));
}

}  // namespace
}  // namespace fwd
