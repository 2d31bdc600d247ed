#include "app/pool_control.h"

#include <gmock/gmock.h>

#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "net/run_until.h"

namespace fwd {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Duration kAge = minutes(10);

class PoolControlTest : public testing::Test {
 protected:
  PoolControlTest() {
    config.pools.idle_timeout = kAge;
    config.pools.sizing.strategy = PoolStrategy::fixed;
    config.pools.sizing.size_per_remote = 5;
    config.pools.sizing.interval = milliseconds(10);
  }
  // With the config as it is at the first call.
  PoolControl& pools() {
    if (control == nullptr) {
      control = std::make_unique<PoolControl>(
          loop, config, 2,
          PoolControl::Events{[this](std::size_t worker, std::vector<PoolOrder> orders) {
                                for (const PoolOrder& order : orders) sent.emplace_back(worker, order);
                              },
                              [this] { ++changes; }});
    }
    return *control;
  }
  // The active set has these members, with port = key.
  void publish(const std::vector<ActiveMember>& members) {
    ActiveSet set{members};
    for (ActiveMember& member : set.members) {
      member.id = {{{}, static_cast<std::uint16_t>(member.key)}};
      member.pools = pools().counters(member.id, member.key);
    }
    pools().set_members(set);
  }
  static ActiveMember member(BackendKey key, bool ejected = false) {
    return {.key = key, .id = {}, .load = nullptr, .ejected = ejected};
  }
  PoolCounters& counters(BackendKey key, std::size_t worker) {
    return *pools().counters({{{}, static_cast<std::uint16_t>(key)}}, key)[worker];
  }
  std::vector<std::pair<std::size_t, PoolOrder>> take_sent() { return std::exchange(sent, {}); }
  // Of the last orders to each worker for that backend.
  std::size_t ordered(BackendKey key) const {
    std::vector<std::size_t> idle(2);
    for (const auto& [worker, order] : sent) {
      if (order.key == key) idle[worker] = order.idle;
    }
    return std::accumulate(idle.begin(), idle.end(), std::size_t{0});
  }
  bool wait_for_orders() {
    return run_until(loop, [this] { return !sent.empty(); });
  }
  void run_for(Duration time) {
    run_until(
        loop, [] { return false; }, time);
  }

  Loop loop;
  ServiceConfig config;
  std::vector<std::pair<std::size_t, PoolOrder>> sent;
  int changes = 0;
  std::unique_ptr<PoolControl> control;
};

std::pair<std::size_t, PoolOrder> to(std::size_t worker, BackendKey key, std::size_t idle,
                                     Duration max_age = kAge) {
  return {worker, {key, idle, max_age}};
}

TEST_F(PoolControlTest, NewMembersGetTheirOrdersAtOnce) {
  publish({member(1)});
  EXPECT_THAT(take_sent(), ElementsAre(to(0, 1, 3), to(1, 1, 2)));
  publish({member(1), member(2)});
  EXPECT_THAT(take_sent(), ElementsAre(to(0, 2, 3), to(1, 2, 2))) << "the first has its orders";
}

TEST_F(PoolControlTest, SendsNothingWhenNothingChanges) {
  publish({member(1)});
  take_sent();
  publish({member(1)});
  run_for(milliseconds(50));
  EXPECT_THAT(sent, IsEmpty());
}

TEST_F(PoolControlTest, SaysNothingWithoutAStrategy) {
  config.pools.sizing.strategy = PoolStrategy::none;
  publish({member(1)});
  run_for(milliseconds(30));
  EXPECT_THAT(sent, IsEmpty());
  EXPECT_THAT(pools().counters({}, 1), IsEmpty());
}

TEST_F(PoolControlTest, OrdersMoreWhenTheLoadGrows) {
  config.pools.sizing = {.strategy = PoolStrategy::dynamic, .min_size = 2, .interval = milliseconds(10)};
  publish({member(1)});
  EXPECT_EQ(ordered(1), 2U);
  take_sent();
  const int changes_before = changes;
  counters(1, 0).in_use.set(30);
  counters(1, 0).peak.raise(30);
  counters(1, 0).hits.add(30);
  ASSERT_TRUE(run_until(loop, [this] { return ordered(1) >= 6; }));
  EXPECT_GT(changes, changes_before) << "the snapshot shows the target";
  EXPECT_GT(pools().snapshot(1, clock_now()).target, 30U);
  EXPECT_EQ(pools().snapshot(1, clock_now()).peak, 30U);
}

TEST_F(PoolControlTest, EjectedMembersGetNone) {
  publish({member(1, true), member(2)});
  EXPECT_EQ(ordered(1), 0U);
  EXPECT_EQ(ordered(2), 5U);
  take_sent();
  publish({member(1), member(2)});
  EXPECT_THAT(take_sent(), ElementsAre(to(0, 1, 3), to(1, 1, 2)));
  publish({member(1, true), member(2)});
  EXPECT_THAT(take_sent(), ElementsAre(to(0, 1, 0), to(1, 1, 0)));
}

TEST_F(PoolControlTest, MembersThatComeBackGetTheirOrdersAgain) {
  publish({member(1)});
  publish({});
  take_sent();
  publish({member(1)});
  EXPECT_THAT(take_sent(), ElementsAre(to(0, 1, 3), to(1, 1, 2)));
  publish({});
  pools().forget(1);
  publish({member(1)});
  EXPECT_THAT(sent, SizeIs(2));
}

// Closes count only when the backend has gone on answering for a second, and those of one moment say nothing
// of an age.
TEST_F(PoolControlTest, LearntAgeGoesIntoTheOrders) {
  publish({member(1)});
  take_sent();
  for (int i = 0; i < 4; ++i) pools().idle_closed(1, seconds(10));
  run_for(seconds(1));
  EXPECT_THAT(sent, IsEmpty());
  pools().idle_closed(1, seconds(10));
  ASSERT_TRUE(wait_for_orders());
  EXPECT_THAT(sent, SizeIs(2));
  for (const auto& [worker, order] : sent) EXPECT_EQ(order.max_age, seconds(8));
  EXPECT_EQ(pools().snapshot(1, clock_now()).age_limit, seconds(8));
}

TEST_F(PoolControlTest, TurnedAwayLinksCapTheSumOfTheShares) {
  config.pools.sizing.size_per_remote = 21;
  publish({member(1)});
  EXPECT_EQ(ordered(1), 21U);
  take_sent();
  counters(1, 0).idle.set(11);
  counters(1, 1).idle.set(10);
  pools().idle_closed(1, milliseconds(10));
  ASSERT_TRUE(wait_for_orders());
  EXPECT_EQ(ordered(1), 11U) << "half of the 22 there were";
  EXPECT_EQ(pools().snapshot(1, clock_now()).cap, 11U);
}

TEST_F(PoolControlTest, ClosesOfABackendThatIsGoneMeanNothing) {
  publish({member(1), member(2), member(3)});
  for (const BackendKey key : {1U, 2U, 3U}) counters(key, 0).idle.set(4);
  take_sent();
  pools().idle_closed(1, milliseconds(10));
  pools().dial_failed(1, DialError::refused);
  pools().dial_failed(2, DialError::timeout);
  pools().idle_closed(2, milliseconds(10));
  pools().idle_closed(3, milliseconds(10));
  pools().dial_failed(3, DialError::tls_name);  // it was there, to say so
  ASSERT_TRUE(wait_for_orders());
  run_for(milliseconds(30));
  EXPECT_EQ(pools().snapshot(1, clock_now()).cap, std::nullopt);
  EXPECT_EQ(pools().snapshot(2, clock_now()).cap, std::nullopt);
  EXPECT_EQ(pools().snapshot(3, clock_now()).cap, 2U);
}

// No more than five closes within a second count, so this takes over three seconds.
TEST_F(PoolControlTest, NoneAreOrderedWhileTheBackendPunishesIdleLinks) {
  publish({member(1)});
  take_sent();
  int closes = 0;
  ASSERT_TRUE(run_until(loop, [this, &closes] {
    pools().idle_closed(1, seconds(2 + 3 * (++closes % 2)));  // of no one age
    return pools().snapshot(1, clock_now()).suspended;
  }));
  EXPECT_EQ(ordered(1), 0U);
  EXPECT_EQ(pools().snapshot(1, clock_now()).cap, 0U);
  publish({});
  take_sent();
  publish({member(1)});
  EXPECT_THAT(sent, SizeIs(2));
  EXPECT_EQ(ordered(1), 0U) << "also when it comes back meanwhile";
}

// As many closes as suspend a pool where their age is not known.
TEST_F(PoolControlTest, ClosesAtALearntAgeSuspendNothing) {
  publish({member(1)});
  const TimePoint began = clock_now();
  ASSERT_TRUE(run_until(loop, [this, began] {
    pools().idle_closed(1, seconds(5));
    return clock_now() - began > seconds(4);
  }));
  EXPECT_EQ(pools().snapshot(1, clock_now()).age_limit, seconds(4));
  EXPECT_FALSE(pools().snapshot(1, clock_now()).suspended);
}

TEST_F(PoolControlTest, KnowsNothingOfABackendThatWasForgotten) {
  publish({member(1)});
  publish({});
  pools().forget(1);
  take_sent();
  pools().idle_closed(1, seconds(1));
  EXPECT_THAT(pools().snapshot(1, clock_now()).workers, IsEmpty());
  EXPECT_THAT(sent, IsEmpty());
}

}  // namespace
}  // namespace fwd
