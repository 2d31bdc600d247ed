#include "net/loop.h"

#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <string>

#include "net/handle.h"
#include "net/prepare_hook.h"
#include "net/run_until.h"
#include "net/signal_watch.h"
#include "net/timer.h"

namespace fwd {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

// In a process of their own, since other tests leave libuv's threads behind.
class LoopDeathTest : public testing::Test {
 protected:
  LoopDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(LoopDeathTest, NamesAHandleThatWasLeaked) {
  EXPECT_DEATH(
      {
        uv_timer_t leaked;
        Loop loop;
        uv_timer_init(loop.uv(), &leaked);
      },
      "handles leaked.*\n.*timer");
}

TEST_F(LoopDeathTest, EndsCleanlyWhenAStopIsLeftOver) {
  EXPECT_EXIT(
      {
        {
          Loop loop;
          Timer timer(loop, [] {});
          loop.stop();
        }
        std::exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST(LoopTest, StopEndsRunWithHandlesStillActive) {
  Loop loop;
  Timer later(loop, [] {});
  later.start(hours(1));
  Timer timer(loop, [&loop] { loop.stop(); });
  timer.start(milliseconds(1));
  loop.run();
  EXPECT_TRUE(later.armed());
  EXPECT_FALSE(timer.armed());
}

// Counts passes of the loop; lets go of its handle at the one that it is told.
struct Ticker {
  Ticker(Loop& loop, int last)
      : last_tick(last), handle(this, [&loop](uv_idle_t* idle) { return uv_idle_init(loop.uv(), idle); }) {
    uv_idle_start(handle.get(), [](uv_idle_t* idle) {
      if (Ticker* self = Handle<uv_idle_t, Ticker>::owner(idle)) self->tick();
    });
  }
  void tick() {
    if (++ticks == last_tick) handle.reset();
  }

  int last_tick;
  int ticks = 0;
  Handle<uv_idle_t, Ticker> handle;
};

TEST(HandleTest, IsSilentOnceResetInItsOwnCallback) {
  Loop loop;
  Ticker ticker(loop, 3);
  loop.run();
  EXPECT_EQ(ticker.ticks, 3);
  EXPECT_FALSE(ticker.handle);
}

TEST(HandleTest, KeepsWorkingWhenMoved) {
  Loop loop;
  Ticker ticker(loop, 3);
  auto moved = std::move(ticker.handle);
  EXPECT_FALSE(ticker.handle);
  run_passes(loop, 1);
  ticker.handle = std::move(moved);
  EXPECT_FALSE(moved);
  loop.run();
  EXPECT_EQ(ticker.ticks, 3);
}

TEST(HandleTest, IsEmptyWhenTheSystemRefuses) {
  int owner = 0;
  const Handle<uv_timer_t, int> handle(&owner, [](uv_timer_t*) { return UV_EMFILE; });
  EXPECT_FALSE(handle);
}

TEST(TimerTest, IsNeverEarly) {
  Loop loop;
  for (int i = 0; i < 50; ++i) {
    // Another part of libuv's millisecond each time.
    for (const TimePoint start = clock_now() + std::chrono::microseconds(20 * i); clock_now() < start;) {
    }
    TimePoint fired;
    Timer timer(loop, [&fired] { fired = clock_now(); });
    const TimePoint due = clock_now() + milliseconds(1);
    timer.start(milliseconds(1));
    while (fired == TimePoint()) run_passes(loop, 1);  // a loop kept busy by other events
    EXPECT_GE(fired, due);
  }
}

TEST(TimerTest, LastStartCountsAndStopSilences) {
  Loop loop;
  int fired = 0;
  Timer timer(loop, [&fired] { ++fired; });
  timer.start(hours(1));
  timer.start(milliseconds(1));
  EXPECT_TRUE(run_until(loop, [&fired] { return fired == 1; }));
  EXPECT_FALSE(timer.armed());

  bool later_fired = false;
  Timer later(loop, [&later_fired] { later_fired = true; });
  timer.start(milliseconds(1));
  timer.stop();
  later.start(milliseconds(5));
  EXPECT_TRUE(run_until(loop, [&later_fired] { return later_fired; }));
  EXPECT_EQ(fired, 1);
}

TEST(TimerTest, MayBeDestroyedInItsOwnCallback) {
  Loop loop;
  std::string seen;
  std::unique_ptr<Timer> timer;
  // Too large for the small-object buffer, so that a freed callback is noticed.
  const std::string payload = "the callback outlives the timer";
  timer = std::make_unique<Timer>(loop, [&timer, &seen, payload] {
    timer.reset();
    seen = payload;
  });
  timer->start(Duration::zero());
  loop.run();
  EXPECT_EQ(seen, payload);
}

TEST(TimerTest, IsSilentWhenDestroyedByAnotherThatIsDueAtOnce) {
  Loop loop;
  int fired = 0;
  std::unique_ptr<Timer> first;
  std::unique_ptr<Timer> second;
  first = std::make_unique<Timer>(loop, [&] {
    ++fired;
    second.reset();
  });
  second = std::make_unique<Timer>(loop, [&] {
    ++fired;
    first.reset();
  });
  first->start(Duration::zero());
  second->start(Duration::zero());
  loop.run();
  EXPECT_EQ(fired, 1);
}

TEST(PrepareHookTest, IsCalledOnceInEachPass) {
  Loop loop;
  int calls = 0;
  {
    PrepareHook hook(loop, [&calls] { ++calls; });
    run_passes(loop, 3);
    EXPECT_EQ(calls, 3);
  }
  run_passes(loop, 3);
  EXPECT_EQ(calls, 3);
}

TEST(SignalWatchTest, HearsEachDelivery) {
  Loop loop;
  int calls = 0;
  SignalWatch watch(loop, SIGUSR1, [&calls] { ++calls; });
  for (int i = 1; i <= 2; ++i) {
    std::raise(SIGUSR1);
    EXPECT_TRUE(run_until(loop, [&calls, i] { return calls == i; }));
  }
}

}  // namespace
}  // namespace fwd
