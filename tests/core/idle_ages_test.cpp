#include "core/idle_ages.h"

#include <gtest/gtest.h>

#include <initializer_list>

#include "core/random.h"

namespace fwd {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// A backend whose links may wait for an hour, and a clock set by the test.
class IdleAgesTest : public testing::Test {
 protected:
  void close(Duration age, int times = 1) {
    for (; times > 0; --times) ages.closed(age, now += seconds(1));
  }
  std::optional<Duration> after_closes(std::initializer_list<int> milliseconds_old) {
    ages = IdleAges(hours(1));
    for (const int age : milliseconds_old) close(milliseconds(age));
    return ages.limit(now);
  }

  IdleAges ages{hours(1)};
  TimePoint now{hours(1000)};
};

TEST_F(IdleAgesTest, KnowsNoLimitAtFirst) { EXPECT_EQ(ages.limit(now), std::nullopt); }

TEST_F(IdleAgesTest, FiveClosesAtTenSecondsSetEight) {
  close(seconds(10), 4);
  EXPECT_EQ(ages.limit(now), std::nullopt);
  close(seconds(10));
  EXPECT_EQ(ages.limit(now), seconds(8));
}

TEST_F(IdleAgesTest, SetsFourFifthsOfTheLeastWhenFiveAgree) {
  const struct {
    std::initializer_list<int> ages;
    std::optional<Duration> limit;
  } cases[] = {
      {{10'000, 9'500, 9'000, 8'500, 8'000}, milliseconds(6'400)},  // just 20 % apart
      {{10'000, 9'500, 9'000, 8'500, 7'999}, std::nullopt},
      {{8'000, 8'500, 9'000, 9'500, 10'001}, std::nullopt},
      {{60'000, 3'000, 20'000, 10'000, 40'000, 5'000}, std::nullopt},  // mixed
      {{60'000, 3'000, 5'000, 5'000, 5'000, 5'000, 5'000}, seconds(4)},
      {{5'000, 5'000, 60'000, 5'000, 5'000, 5'000, 5'000}, std::nullopt},  // four in a row
      {{5'000, 5'000, 60'000, 5'000, 5'000, 5'000, 5'000, 5'000}, seconds(4)},
      {{999, 999, 999, 999, 999}, std::nullopt},  // turned away, not too old
      {{1'000, 1'000, 1'000, 1'000, 1'000}, milliseconds(800)},
      {{5'000, 5'000, 10, 5'000, 20, 5'000, 5'000}, seconds(4)},  // the young ones are left out
  };
  for (const auto& c : cases) {
    EXPECT_EQ(after_closes(c.ages), c.limit) << testing::PrintToString(c.ages);
  }
}

TEST_F(IdleAgesTest, ARestartOfABackendWithLinksOfMixedAgesSetsNoLimit) {
  for (int age = 1; age <= 300; age = age * 5 / 4 + 1) close(seconds(age));
  EXPECT_EQ(ages.limit(now), std::nullopt);
}

TEST_F(IdleAgesTest, LinksThatWereOpenedAndClosedTogetherSetNoLimitAlone) {
  for (int link = 0; link < 20; ++link) ages.closed(seconds(7), now += milliseconds(10));
  EXPECT_EQ(ages.limit(now), std::nullopt) << "as after a restart";
  ages.closed(seconds(7), now += seconds(7));
  EXPECT_EQ(ages.limit(now), milliseconds(5'600)) << "and again";
}

TEST_F(IdleAgesTest, ManyClosesInAFewSecondsSetALimitToo) {
  for (int i = 0; i < 50; ++i) ages.closed(seconds(5) + milliseconds(i % 7), now += milliseconds(40));
  EXPECT_EQ(ages.limit(now), seconds(4));
}

TEST(WorthwhileIdleTest, MostLinksAreTakenAndOneInThirtySecondsIsNot) {
  EXPECT_EQ(worthwhile_idle(seconds(8), 0), 0U);
  EXPECT_EQ(worthwhile_idle(seconds(48), 0), 1U);
  EXPECT_EQ(worthwhile_idle(minutes(4), 0), 8U);
  EXPECT_EQ(worthwhile_idle(seconds(8), 10), 160U);
  EXPECT_EQ(worthwhile_idle(milliseconds(2'400), 1.0 / 60), 0U) << "a client a minute finds none";
}

TEST_F(IdleAgesTest, RestartsSeldomLookLikeALimit) {
  Random random(5);
  int mistaken = 0;
  for (int restart = 0; restart < 1000; ++restart) {
    ages = IdleAges(hours(1));
    for (int link = 0; link < 20; ++link) close(milliseconds(1000 + random.below(600'000)));
    if (ages.limit(now)) ++mistaken;
  }
  EXPECT_LE(mistaken, 50);
}

TEST_F(IdleAgesTest, MixedAgesLeaveAKnownLimitAlone) {
  close(seconds(10), 5);
  for (const int age : {300, 2, 50, 7, 120}) close(seconds(age));
  EXPECT_EQ(ages.limit(now), seconds(8));
}

TEST_F(IdleAgesTest, ANewGroupReplacesTheLimitInBothDirections) {
  close(seconds(10), 5);
  close(seconds(5), 5);
  EXPECT_EQ(ages.limit(now), seconds(4));
  close(seconds(20), 5);
  EXPECT_EQ(ages.limit(now), seconds(16));
}

TEST_F(IdleAgesTest, RelaxesByAQuarterEveryTenMinutes) {
  close(seconds(10), 5);
  const TimePoint set = now;
  EXPECT_EQ(ages.limit(set + minutes(10) - Duration(1)), seconds(8));
  EXPECT_EQ(ages.limit(set + minutes(10)), seconds(10));
  EXPECT_EQ(ages.limit(set + minutes(20)), milliseconds(12'500));
  EXPECT_EQ(ages.limit(set + minutes(29)), milliseconds(12'500));
}

TEST_F(IdleAgesTest, FurtherClosesConfirmTheLimit) {
  close(seconds(10), 5);
  now += minutes(9);
  close(seconds(10));
  EXPECT_EQ(ages.limit(now + minutes(9)), seconds(8));
  now += minutes(15);
  EXPECT_EQ(ages.limit(now), seconds(10));
  close(seconds(10), 5);
  EXPECT_EQ(ages.limit(now), seconds(8));
}

TEST_F(IdleAgesTest, ForgetsALimitBeyondTheLongestAge) {
  ages = IdleAges(seconds(12));
  close(seconds(10), 5);
  EXPECT_EQ(ages.limit(now + minutes(10)), seconds(10));
  EXPECT_EQ(ages.limit(now + minutes(20)), std::nullopt);
  EXPECT_EQ(ages.limit(now + hours(100'000)), std::nullopt);
  close(seconds(10));
  EXPECT_EQ(ages.limit(now), seconds(8)) << "learnt again";
}

TEST_F(IdleAgesTest, ForgetsAfterAnyTime) {
  close(seconds(10), 5);
  EXPECT_EQ(ages.limit(now + hours(100'000)), std::nullopt);
}

}  // namespace
}  // namespace fwd
