#include <gmock/gmock.h>

#include "net/link_pool_fixture.h"

namespace fwd {
namespace {

using std::chrono::milliseconds;

using PoolDoubtTest = LinkPoolFixture;

// What waits may be dead without having said so, as when packets are dropped.
TEST_F(PoolDoubtTest, BeginsWithAFillThatTakesTooLong) {
  add(backend.endpoint());
  fill(2);
  EXPECT_NE(take_link(), nullptr);
  ASSERT_TRUE(wait_for_idle(2));
  EXPECT_FALSE(pool->doubtful(1));
  context.delay = [](const Endpoint&) { return milliseconds(100); };
  EXPECT_NE(take_link(), nullptr);
  ASSERT_TRUE(run_until(loop, [this] { return connecting() == 1; }));
  EXPECT_TRUE(run_until(loop, [this] { return pool->doubtful(1); }));
  ASSERT_TRUE(wait_for_idle(2));
  EXPECT_FALSE(pool->doubtful(1)) << "it came after all";
}

TEST_F(PoolDoubtTest, OneLostPacketIsNone) {
  add(backend.endpoint());
  fill(2);
  bool late = true;
  context.delay = [&late](const Endpoint&) {
    return std::exchange(late, false) ? milliseconds(200) : Duration{};
  };
  EXPECT_NE(take_link(), nullptr);
  ASSERT_TRUE(run_until(loop, [&late] { return !late; }));
  EXPECT_NE(take_link(), nullptr);
  ASSERT_TRUE(run_until(loop, [this] { return connecting() == 1 && idle() == 1; }))
      << "a later one was faster";
  EXPECT_FALSE(run_until(
      loop, [this] { return pool->doubtful(1); }, milliseconds(100)));
}

TEST_F(PoolDoubtTest, LastsFromAFailedFillUntilOneSucceeds) {
  add(backend.endpoint());
  fill(2);
  backend.close_listener();
  EXPECT_NE(take_link(), nullptr);
  ASSERT_TRUE(run_until(loop, [this] { return !failed.empty(); }));
  EXPECT_TRUE(pool->doubtful(1));
  EXPECT_EQ(idle(), 1U);
  backend.open_listener();
  ASSERT_TRUE(wait_for_idle(2));
  EXPECT_FALSE(pool->doubtful(1));
}

TEST_F(PoolDoubtTest, EndsWhenAClientsOwnDialReachesTheBackend) {
  add(backend.endpoint());
  fill(2);
  backend.close_listener();
  EXPECT_NE(take_link(), nullptr);
  ASSERT_TRUE(run_until(loop, [this] { return pool->doubtful(1); }));
  pool->reached(1);
  EXPECT_FALSE(pool->doubtful(1));
}

TEST_F(PoolDoubtTest, DoesNotLastForEverWhenNoMoreLinksAreWanted) {
  add(backend.endpoint());
  fill(2);
  backend.close_listener();
  order(3);
  ASSERT_TRUE(run_until(loop, [this] { return !failed.empty(); }));
  EXPECT_TRUE(pool->doubtful(1));
  order(2);
  run_passes(loop);
  EXPECT_FALSE(pool->doubtful(1)) << "no fill will come to say that the backend is well";
}

}  // namespace
}  // namespace fwd
