#include "core/fill_pacer.h"

#include <gtest/gtest.h>

namespace fwd {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A pool, and a clock set by the test.
class FillPacerTest : public testing::Test {
 protected:
  // Starts all fills that may start now; how many.
  std::size_t start_all() {
    std::size_t started = 0;
    for (; pacer.start(idle, connecting, wanted, now); ++started) ++connecting;
    return started;
  }
  bool start() {
    if (!pacer.start(idle, connecting, wanted, now)) return false;
    ++connecting;
    return true;
  }
  std::optional<TimePoint> next() const { return pacer.next(idle, connecting, wanted); }
  // All fills under way are done.
  void open() {
    idle += connecting;
    connecting = 0;
  }
  void lose(std::size_t links) {
    for (; links > 0; --links, --idle) pacer.link_gone();
  }
  void fill_up() {
    idle = wanted;
    EXPECT_EQ(start_all(), 0U);
  }
  // The fill under way fails; how long the next one waits.
  Duration fail() {
    connecting = 0;
    pacer.failed(now, random);
    return next().value_or(now) - now;
  }

  FillPacer pacer;
  Random random{1};
  TimePoint now{hours(1000)};
  std::size_t idle = 0;
  std::size_t connecting = 0;
  std::size_t wanted = 20;
};

TEST_F(FillPacerTest, GrowsOneLinkEachGap) {
  EXPECT_EQ(start_all(), 1U);
  EXPECT_EQ(next(), now + FillPacer::kGrowthGap);
  now += FillPacer::kGrowthGap - Duration(1);
  EXPECT_FALSE(start());
  now += Duration(1);
  EXPECT_EQ(start_all(), 1U);
}

TEST_F(FillPacerTest, GrowsWithALimitedNumberUnderWay) {
  for (std::size_t i = 0; i < FillPacer::kGrowing; ++i, now += seconds(1)) EXPECT_TRUE(start()) << i;
  EXPECT_FALSE(start());
  EXPECT_EQ(next(), std::nullopt) << "a fill has to end first";
  --connecting;
  EXPECT_TRUE(start());
}

TEST_F(FillPacerTest, StopsAtWhatIsWanted) {
  for (int i = 0; i < 1000; ++i, now += FillPacer::kGrowthGap) {
    start_all();
    if (i % 3 == 0) open();
  }
  EXPECT_EQ(idle + connecting, wanted);
  EXPECT_EQ(next(), std::nullopt);
}

TEST_F(FillPacerTest, ReplacesAtOnce) {
  fill_up();
  lose(1);
  EXPECT_TRUE(start());
  open();
  lose(20);
  EXPECT_EQ(start_all(), 20U);
}

TEST_F(FillPacerTest, ReplacementsAreBoundedByTheFillsUnderWay) {
  wanted = 1000;
  fill_up();
  lose(1000);
  EXPECT_EQ(start_all(), FillPacer::kInFlight);
  EXPECT_EQ(next(), std::nullopt);
  open();
  EXPECT_EQ(start_all(), 1U) << "those beyond the bound come back as growth";
}

TEST_F(FillPacerTest, ALinkThatIsNoLongerWantedIsNotReplacedLater) {
  fill_up();
  wanted = 0;
  lose(20);
  EXPECT_EQ(start_all(), 0U);
  wanted = 20;
  EXPECT_EQ(start_all(), 1U) << "paced, as any growth";
}

TEST_F(FillPacerTest, ReplacementsDoNotHinderGrowth) {
  fill_up();
  wanted = 40;
  int grown = 0;
  for (int i = 0; i < 20; ++i, now += FillPacer::kGrowthGap / 2) {
    lose(1);
    grown += static_cast<int>(start_all()) - 1;
    open();
  }
  EXPECT_EQ(grown, 10);
}

TEST_F(FillPacerTest, WaitsAfterAFailure) {
  start();
  const Duration wait = fail();
  EXPECT_GE(wait, FillPacer::kFirstBackoff / 2);
  EXPECT_LE(wait, FillPacer::kFirstBackoff);
  EXPECT_TRUE(pacer.backing_off(now));
  EXPECT_FALSE(start());
  now += wait;
  EXPECT_FALSE(pacer.backing_off(now));
  EXPECT_TRUE(start());
}

TEST_F(FillPacerTest, WaitDoublesUpToHalfAMinute) {
  for (const int expected : {100, 200, 400, 800, 1600, 3200, 6400, 12'800, 25'600, 30'000, 30'000}) {
    ASSERT_TRUE(start()) << expected;
    const Duration wait = fail();
    EXPECT_GE(wait, milliseconds(expected) / 2);
    EXPECT_LE(wait, milliseconds(expected));
    now += wait;
  }
}

TEST_F(FillPacerTest, WaitsDiffer) {
  FillPacer other;
  other.failed(now, random);
  pacer.failed(now, random);
  EXPECT_NE(pacer.next(0, 0, 20), other.next(0, 0, 20));
}

TEST_F(FillPacerTest, FillsThatFailTogetherCountAsOneFailure) {
  for (int i = 0; i < 16; ++i) pacer.failed(now, random);
  EXPECT_LE(next().value_or(now), now + FillPacer::kFirstBackoff);
}

TEST_F(FillPacerTest, TriesOneAtATimeUntilOneHasProvedGood) {
  fail();
  now += seconds(1);
  EXPECT_EQ(start_all(), 1U);
  EXPECT_EQ(next(), std::nullopt) << "its end decides";
  open();
  EXPECT_EQ(next(), now + FillPacer::kFirstBackoff) << "a link that may yet be closed at once";
  pacer.opened();
  EXPECT_TRUE(start());
  EXPECT_EQ(next(), now + FillPacer::kGrowthGap);
}

TEST_F(FillPacerTest, ALinkProvedGoodEndsTheWaitAndTheDoubling) {
  for (int i = 0; i < 8; ++i) now += fail();
  fail();
  pacer.opened();
  EXPECT_FALSE(pacer.backing_off(now));
  EXPECT_TRUE(start());
  EXPECT_LE(fail(), FillPacer::kFirstBackoff);
}

TEST_F(FillPacerTest, ALinkProvedGoodDoesNotHurryGrowth) {
  EXPECT_TRUE(start());
  pacer.opened();
  EXPECT_FALSE(start());
}

TEST_F(FillPacerTest, WhatIsMissingAfterAFailureComesBackAsGrowth) {
  fill_up();
  lose(10);
  fail();
  lose(10);
  now += seconds(1);
  EXPECT_EQ(start_all(), 1U);
  open();
  pacer.opened();
  EXPECT_EQ(start_all(), 1U);
}

TEST_F(FillPacerTest, ABackendThatAlwaysRefusesIsTriedTwiceAMinute) {
  int tries = 0;
  const TimePoint end = now + hours(1);
  while (now < end) {
    ASSERT_EQ(start_all(), 1U);
    ++tries;
    now += fail();
  }
  EXPECT_LE(tries, 260);
  EXPECT_GE(tries, 120);
}

}  // namespace
}  // namespace fwd
