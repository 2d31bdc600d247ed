#include "core/idle_tolerance.h"

#include <gtest/gtest.h>

namespace fwd {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kMost = 100;
constexpr Duration kOld = seconds(30);
constexpr Duration kYoung = milliseconds(999);

// A backend, and a clock set by the test.
class IdleToleranceTest : public testing::Test {
 protected:
  // A second apart. True when the last one suspended the pool.
  bool close(int times = 1) {
    bool suspends = false;
    for (; times > 0; --times) suspends = tolerance.closed(kOld, 10, now += seconds(1));
    return suspends;
  }
  void turn_away(std::size_t idle) { tolerance.closed(kYoung, idle, now); }
  // Closes until the pool is suspended; the length of the pause.
  Duration pause() {
    while (!close()) {
    }
    return tolerance.suspended_until() - now;
  }
  void wait_out() { now = tolerance.suspended_until(); }

  IdleTolerance tolerance{kMost};
  TimePoint now{hours(1000)};
};

TEST_F(IdleToleranceTest, BoundsNothingAtFirst) {
  EXPECT_FALSE(tolerance.suspended(now));
  EXPECT_EQ(tolerance.cap(now), std::nullopt);
}

TEST_F(IdleToleranceTest, SuspendsWhenMoreThanHalfOfTwentyWereClosed) {
  tolerance.used(9, now);
  EXPECT_FALSE(close(10));
  EXPECT_EQ(tolerance.cap(now), std::nullopt);
  EXPECT_TRUE(close());
  EXPECT_TRUE(tolerance.suspended(now));
  EXPECT_EQ(tolerance.cap(now), 0U);
}

TEST_F(IdleToleranceTest, BearsHalfClosed) {
  for (int i = 0; i < 200; ++i) {
    tolerance.used(1, now);
    EXPECT_FALSE(close());
  }
}

TEST_F(IdleToleranceTest, JudgesByTheLastTwentyOnly) {
  tolerance.used(1'000'000, now);
  EXPECT_FALSE(close(10));
  EXPECT_TRUE(close()) << "however many were used before";

  wait_out();
  EXPECT_FALSE(close(10));
  tolerance.used(20, now);
  EXPECT_FALSE(close(10)) << "the first ten closes are over";
}

TEST_F(IdleToleranceTest, ABackendThatRestartsIsNotSuspended) {
  tolerance.used(20, now);
  for (int i = 0; i < 500; ++i) EXPECT_FALSE(tolerance.closed(kOld, 500, now));
  EXPECT_FALSE(tolerance.suspended(now));
}

TEST_F(IdleToleranceTest, BurstsThatGoOnSuspend) {
  int bursts = 0;
  bool suspended = false;
  while (!suspended && bursts < 10) {
    ++bursts;
    now += seconds(3);
    for (int i = 0; i < 20; ++i) suspended |= tolerance.closed(seconds(3), 20, now);
  }
  EXPECT_EQ(bursts, 3);
}

TEST_F(IdleToleranceTest, PauseEndsAfterAMinuteAndTheCountStartsAfresh) {
  EXPECT_EQ(pause(), IdleTolerance::kPause);
  EXPECT_TRUE(tolerance.suspended(now + minutes(1) - Duration(1)));
  EXPECT_FALSE(tolerance.suspended(now + minutes(1)));
  EXPECT_EQ(tolerance.cap(now + minutes(1)), std::nullopt);
  wait_out();
  EXPECT_FALSE(close(10));
  EXPECT_TRUE(close());
}

TEST_F(IdleToleranceTest, WhatEndsDuringAPauseDoesNotCount) {
  pause();
  const TimePoint until = tolerance.suspended_until();
  EXPECT_FALSE(close(20));
  tolerance.closed(kYoung, 10, now);
  tolerance.used(1000, now);
  EXPECT_EQ(tolerance.suspended_until(), until);
  wait_out();
  EXPECT_EQ(tolerance.cap(now), std::nullopt);
  EXPECT_EQ(pause(), minutes(2));
}

TEST_F(IdleToleranceTest, PauseDoublesUpToHalfAnHour) {
  for (const int expected : {1, 2, 4, 8, 16, 30, 30}) {
    EXPECT_EQ(pause(), minutes(expected));
    wait_out();
  }
}

TEST_F(IdleToleranceTest, TwentyEndingsInPeaceHalveTheNextPause) {
  const struct {
    std::uint64_t used;
    Duration next;
  } cases[] = {
      // After 1, 2 and 4 minutes the next would be 8. The eleven closes that bring it are endings, too.
      {0, minutes(8)},  {8, minutes(8)},  {9, minutes(4)},    {28, minutes(4)},
      {29, minutes(2)}, {49, minutes(1)}, {5000, minutes(1)},
  };
  for (const auto& c : cases) {
    tolerance = IdleTolerance(kMost);
    for (int i = 0; i < 3; ++i) {
      pause();
      wait_out();
    }
    tolerance.used(c.used, now);
    EXPECT_EQ(pause(), c.next) << c.used << " used";
  }
}

TEST_F(IdleToleranceTest, ALinkTurnedAwayHalvesTheCap) {
  turn_away(40);
  EXPECT_EQ(tolerance.cap(now), 20U);
}

TEST_F(IdleToleranceTest, AnOldLinkDoesNotLowerTheCap) {
  tolerance.closed(seconds(1), 40, now);
  EXPECT_EQ(tolerance.cap(now), std::nullopt);
}

TEST_F(IdleToleranceTest, ABurstOfTurnedAwayLinksHalvesTheCapOnce) {
  for (std::size_t idle = 40; idle > 20; --idle) {
    turn_away(idle);
    now += milliseconds(40);
  }
  EXPECT_EQ(tolerance.cap(now), 20U);
  now += seconds(1);
  turn_away(20);
  EXPECT_EQ(tolerance.cap(now), 10U);
}

TEST_F(IdleToleranceTest, TheCapNeverRisesByAClose) {
  turn_away(20);
  now += seconds(2);
  turn_away(60);
  EXPECT_EQ(tolerance.cap(now), 10U);
}

TEST_F(IdleToleranceTest, TheCapRisesByOneEachQuietMinute) {
  turn_away(20);
  EXPECT_EQ(tolerance.cap(now + minutes(1) - Duration(1)), 10U);
  EXPECT_EQ(tolerance.cap(now + minutes(1)), 11U);
  EXPECT_EQ(tolerance.cap(now + minutes(89)), 99U);
  EXPECT_EQ(tolerance.cap(now + minutes(90)), std::nullopt) << "forgotten at the most";
  EXPECT_EQ(tolerance.cap(now + minutes(1)), std::nullopt);
}

TEST_F(IdleToleranceTest, ACloseStartsTheQuietMinuteAnew) {
  turn_away(20);
  now += seconds(150);
  turn_away(12);
  EXPECT_EQ(tolerance.cap(now), 6U) << "half of the twelve there were";
  EXPECT_EQ(tolerance.cap(now + seconds(59)), 6U);
  EXPECT_EQ(tolerance.cap(now + seconds(60)), 7U);
}

TEST_F(IdleToleranceTest, TheCapIsBackAfterAPause) {
  turn_away(20);
  pause();
  EXPECT_EQ(tolerance.cap(now), 0U);
  wait_out();
  EXPECT_EQ(tolerance.cap(now), 11U) << "a minute later";
}

}  // namespace
}  // namespace fwd
