#include "core/ejection.h"

#include <gtest/gtest.h>

namespace fwd {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// One backend that has answered before, and a clock set by the test.
class EjectionTest : public testing::Test {
 protected:
  bool fail() { return ejection.failed(config, true, now); }
  bool succeed() { return ejection.succeeded(config, now); }
  void eject() {
    while (!fail()) {
    }
  }
  Duration hold_down() const { return ejection.held_until() - now; }
  // Ends the ejection in the shortest way.
  void readmit() {
    now = ejection.held_until();
    while (!succeed()) {
    }
  }

  EjectionConfig config;
  Ejection ejection;
  TimePoint now{hours(1000)};
};

TEST_F(EjectionTest, EjectsWithTheThirdFailureInARow) {
  EXPECT_FALSE(fail());
  EXPECT_FALSE(fail());
  EXPECT_FALSE(ejection.ejected());
  EXPECT_TRUE(fail());
  EXPECT_TRUE(ejection.ejected());
  EXPECT_FALSE(fail()) << "told once only";
}

TEST_F(EjectionTest, SuccessStartsTheCountAnew) {
  fail();
  fail();
  EXPECT_FALSE(succeed());
  EXPECT_FALSE(fail());
  EXPECT_FALSE(fail());
  EXPECT_TRUE(fail());
}

TEST_F(EjectionTest, NeverEjectsOneThatNeverAnswered) {
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(ejection.failed(config, false, now));
  EXPECT_FALSE(ejection.ejected());
}

TEST_F(EjectionTest, NeedsSuccessesInARowAfterTheHoldDown) {
  eject();
  now += seconds(10);
  EXPECT_FALSE(succeed());
  EXPECT_FALSE(succeed());
  EXPECT_FALSE(fail());
  EXPECT_FALSE(succeed());
  EXPECT_FALSE(succeed());
  EXPECT_TRUE(succeed());
  EXPECT_FALSE(ejection.ejected());
}

TEST_F(EjectionTest, WaitsForTheHoldDownWhenTheSuccessesCameEarly) {
  eject();
  const TimePoint ejected_at = now;
  now += seconds(3);
  EXPECT_FALSE(ejection.due(config));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(succeed());
  EXPECT_EQ(ejection.due(config), ejected_at + seconds(10));

  now = ejected_at + seconds(10) - Duration(1);
  EXPECT_FALSE(ejection.expire(config, now));
  now += Duration(1);
  EXPECT_TRUE(ejection.expire(config, now));
  EXPECT_FALSE(ejection.ejected());
  EXPECT_FALSE(ejection.expire(config, now)) << "told once only";
}

TEST_F(EjectionTest, HoldDownOverIsNotEnough) {
  eject();
  succeed();
  succeed();
  EXPECT_FALSE(ejection.expire(config, now + hours(1)));
  EXPECT_TRUE(ejection.ejected());
}

TEST_F(EjectionTest, HoldDownDoublesUpToItsMaximum) {
  for (const int expected : {10, 20, 40, 80, 160, 320, 600, 600}) {
    eject();
    EXPECT_EQ(hold_down(), seconds(expected));
    readmit();
  }
}

TEST_F(EjectionTest, HoldDownHalvesWithEachQuietHour) {
  const struct {
    Duration quiet;
    Duration next;
  } cases[] = {
      // After 10, 20 and 40 s the next would be 80 s.
      {minutes(59), seconds(80)},  // no full hour
      {minutes(61), seconds(40)},  // 40 / 2, doubled
      {minutes(121), seconds(20)},    {hours(3), seconds(10)},
      {hours(4), seconds(10)},  // never below the base
      {hours(24 * 365), seconds(10)},
  };
  for (const auto& c : cases) {
    ejection = {};
    for (int i = 0; i < 3; ++i) {
      eject();
      if (i < 2) readmit();
    }
    ASSERT_EQ(hold_down(), seconds(40));
    const TimePoint last = now;
    readmit();
    now = last + c.quiet;
    eject();
    EXPECT_EQ(hold_down(), c.next);
  }
}

TEST_F(EjectionTest, FailureWhileEjectedDoesNotProlongTheHoldDown) {
  eject();
  const TimePoint until = ejection.held_until();
  now += seconds(5);
  for (int i = 0; i < 5; ++i) fail();
  EXPECT_EQ(ejection.held_until(), until);
}

}  // namespace
}  // namespace fwd
