#include "net/link_pool.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "net/link_pool_fixture.h"

namespace fwd {
namespace {

using std::chrono::milliseconds;
using testing::Each;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

class LinkPoolTest : public LinkPoolFixture {
 protected:
  // Three links wait, and the dials of others take their time.
  void fill_and_go_on_dialling() {
    fill(3);
    context.delay = [](const Endpoint&) { return milliseconds(20); };
    order(5);
    ASSERT_TRUE(run_until(loop, [this] { return connecting() > 0; }));
  }
  // So many dials to it are under way.
  BackendKey add_silent(const SilentPort& silent, std::size_t dials) {
    const BackendKey key = add(silent.endpoint);
    order(dials, kLong, key);
    EXPECT_TRUE(run_until(loop, [&] { return connecting(key) == dials; }));
    return key;
  }
  void expect_all_closed_cleanly() {
    for (const Fd& link : backend.links()) {
      EXPECT_TRUE(run_until(loop, [&] { return take(link.get()).then == Found::Then::eof; }));
    }
  }
};

TEST_F(LinkPoolTest, OpensAsManyLinksAsAreOrdered) {
  add(backend.endpoint());
  fill(5);
  EXPECT_EQ(backend.count(), 5U);
  EXPECT_EQ(pool->size(), 5U);
  EXPECT_EQ(connecting(), 0U);
  EXPECT_EQ(counters().opened.value(), 5U);
  EXPECT_GT(counters().open_ns.value(), 0U);
  EXPECT_THAT(succeeded, SizeIs(5)) << "a fill is a dial as any other";
  run_for(milliseconds(30));
  EXPECT_EQ(backend.count(), 5U);
}

TEST_F(LinkPoolTest, OpensNothingUntilItIsOrdered) {
  add(backend.endpoint());
  run_for(milliseconds(30));
  EXPECT_EQ(backend.count(), 0U);
}

TEST_F(LinkPoolTest, GrowsOneLinkAfterAnother) {
  add(backend.endpoint());
  const TimePoint began = clock_now();
  fill(10);
  EXPECT_GE(clock_now(), began + 9 * FillPacer::kGrowthGap);
}

TEST_F(LinkPoolTest, BoundsTheDialsUnderWay) {
  const SilentPort silent;
  add(silent.endpoint);
  order(100);
  ASSERT_TRUE(run_until(loop, [this] { return connecting() == FillPacer::kGrowing; }));
  run_for(milliseconds(50));
  EXPECT_EQ(connecting(), FillPacer::kGrowing);
}

TEST_F(LinkPoolTest, GivesTheNewestFirst) {
  add(backend.endpoint());
  fill(3);
  EXPECT_EQ(index_of(*take_link()), 2U);
  EXPECT_EQ(index_of(*take_link()), 1U);
  EXPECT_EQ(index_of(*take_link()), 0U);
  EXPECT_EQ(take_link(), nullptr);
}

TEST_F(LinkPoolTest, GivesNothingWhenItHasNothing) {
  add(backend.endpoint());
  EXPECT_EQ(take_link(), nullptr);
  EXPECT_EQ(take_link(7), nullptr) << "no member";
}

TEST_F(LinkPoolTest, ReplacesTakenLinksAtOnce) {
  add(backend.endpoint());
  fill(10);
  context.delay = [](const Endpoint&) { return milliseconds(30); };
  for (int i = 0; i < 10; ++i) EXPECT_NE(take_link(), nullptr);
  EXPECT_EQ(idle(), 0U);
  std::uint64_t most = 0;
  EXPECT_TRUE(run_until(loop, [&] {
    most = std::max(most, connecting());
    return idle() == 10;
  }));
  EXPECT_EQ(most, 10U) << "not paced";
}

TEST_F(LinkPoolTest, LetsSurplusGoOnlyAfterItsGrace) {
  add(backend.endpoint());
  fill(4);
  order(2);
  run_for(milliseconds(200));
  EXPECT_EQ(idle(), 4U);
  order(4);  // so that it is no surplus any more
  run_for(milliseconds(20));
  const TimePoint surplus_from = clock_now();
  order(2);
  ASSERT_TRUE(wait_for_idle(2));
  EXPECT_GE(clock_now(), surplus_from + BackendPool::kSurplusGrace);
  EXPECT_EQ(retired(RetireReason::surplus), 2U);
  EXPECT_EQ(index_of(*take_link()), 3U) << "the oldest went";
}

TEST_F(LinkPoolTest, GivesAllUpAtOnceWhenNoneIsWanted) {
  add(backend.endpoint());
  fill_and_go_on_dialling();
  order(0);
  EXPECT_EQ(idle(), 0U);
  EXPECT_EQ(connecting(), 0U);
  EXPECT_EQ(pool->size(), 0U);
  EXPECT_EQ(retired(RetireReason::surplus), 3U);
  expect_all_closed_cleanly();
  EXPECT_THAT(failed, IsEmpty());
}

TEST_F(LinkPoolTest, GivesAllUpAtOnceWhenTheBackendLeaves) {
  add(backend.endpoint());
  fill(3);
  const auto left = set.members[0].pools[0];
  set.members.clear();
  publish();
  EXPECT_EQ(left->idle.value(), 0U);
  EXPECT_EQ(left->retired[static_cast<std::size_t>(RetireReason::left)].value(), 3U);
  EXPECT_EQ(pool->size(), 0U);
  expect_all_closed_cleanly();
  EXPECT_THAT(idle_closes, IsEmpty()) << "that was not the backend";
}

TEST_F(LinkPoolTest, GivesAllUpAtOnceWhenTheBackendIsEjected) {
  add(backend.endpoint());
  fill_and_go_on_dialling();
  set.members[0].ejected = true;
  publish();
  EXPECT_EQ(pool->size(), 0U);
  EXPECT_EQ(retired(RetireReason::left), 3U);
  run_for(milliseconds(30));
  EXPECT_EQ(pool->size(), 0U) << "nor does it open others";
}

TEST_F(LinkPoolTest, KeepsThePoolsOfMembersThatStay) {
  add(backend.endpoint());
  fill(3);
  add(backend.endpoint());
  publish();
  EXPECT_EQ(idle(1), 3U);
  EXPECT_EQ(idle(2), 0U);
}

// Each failure doubles the wait, by chance shortened to no less than half.
TEST_F(LinkPoolTest, BacksOffWhileItIsRefused) {
  const RefusingPort refusing;
  add(refusing.endpoint);
  const TimePoint began = clock_now();
  order(1);
  ASSERT_TRUE(run_until(loop, [this] { return failed.size() == 4; }));
  EXPECT_GE(clock_now(), began + milliseconds(50 + 100 + 200));
  EXPECT_THAT(failed, Each(Pair(1, DialError::refused)));
  EXPECT_EQ(counters().fill_failures.value(), 4U);
}

TEST_F(LinkPoolTest, BacksOffWhileLinksAreClosedAtOnce) {
  add(backend.endpoint());
  const TimePoint began = clock_now();
  order(1);
  ASSERT_TRUE(run_until(loop, [this] {
    for (Fd& link : backend.links()) link.reset();
    return idle_closes.size() >= 4;
  }));
  EXPECT_GE(clock_now(), began + milliseconds(50 + 100 + 200));
  EXPECT_LE(backend.count(), 5U);
}

TEST_F(LinkPoolTest, OpensNothingWhileItMayNot) {
  may_open = false;
  add(backend.endpoint());
  order(3);
  run_for(milliseconds(50));
  EXPECT_EQ(pool->size(), 0U);
  may_open = true;
  EXPECT_TRUE(wait_for_idle(3)) << "it asks again";
}

TEST_F(LinkPoolTest, GivesTheOldestLinkAwayAndOpensAnotherLater) {
  add(backend.endpoint());
  EXPECT_FALSE(pool->give_way());
  fill(2);
  may_open = false;
  EXPECT_TRUE(pool->give_way());
  EXPECT_EQ(idle(), 1U);
  EXPECT_EQ(retired(RetireReason::surplus), 1U);
  EXPECT_EQ(take(backend.links()[0].get()).then, Found::Then::eof);
  EXPECT_TRUE(pool->give_way());
  EXPECT_FALSE(pool->give_way());
  may_open = true;
  EXPECT_TRUE(wait_for_idle(2));
}

TEST_F(LinkPoolTest, GivesAwayFromThePoolThatHasMostLinksToGive) {
  const SilentPort silent;
  add(backend.endpoint());
  fill(3);
  add_silent(silent, 4);
  EXPECT_TRUE(pool->give_way());
  EXPECT_EQ(idle(1), 2U);
}

TEST_F(LinkPoolTest, OpensNothingAfterItWasClosed) {
  const BackendKey key = add(backend.endpoint());
  fill(3);
  pool->close();
  EXPECT_EQ(idle(), 0U);
  EXPECT_EQ(pool->size(), 0U);
  expect_all_closed_cleanly();
  publish();
  order(3);
  run_for(milliseconds(30));
  EXPECT_EQ(backend.count(), 3U);
  EXPECT_EQ(take_link(key), nullptr);
}

TEST_F(LinkPoolTest, MayBeDestroyedWithLinksAndDials) {
  const SilentPort silent;
  add(backend.endpoint());
  fill(3);
  const BackendKey dialling = add_silent(silent, 3);
  pool.reset();
  EXPECT_EQ(idle(1), 0U);
  EXPECT_EQ(connecting(dialling), 0U);
  expect_all_closed_cleanly();
}

}  // namespace
}  // namespace fwd
