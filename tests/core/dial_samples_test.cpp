#include "core/dial_samples.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace fwd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kStart{seconds(1000)};
constexpr TimePoint kLater = kStart + seconds(1);

TEST(DialSamplesTest, FoldsASecondIntoTheMedian) {
  const struct {
    std::vector<int> latencies;
    int median;
  } cases[] = {
      {{7}, 7}, {{9, 3}, 3}, {{9, 3, 5}, 5}, {{8, 2, 6, 4}, 4},  // the lower of 4 and 6
  };
  for (const auto& c : cases) {
    DialSamples dials;
    for (const int ms : c.latencies) dials.succeeded(milliseconds(ms), kStart);
    const auto sample = dials.take(kLater);
    ASSERT_TRUE(sample);
    EXPECT_TRUE(sample->success);
    EXPECT_EQ(sample->latency, milliseconds(c.median));
  }
}

TEST(DialSamplesTest, FailsOnlyWhenAllFailed) {
  DialSamples dials;
  dials.failed(kStart);
  dials.failed(kStart);
  EXPECT_FALSE(dials.take(kLater)->success);

  dials.failed(kStart);
  dials.succeeded(milliseconds(5), kStart);
  dials.failed(kStart);
  const auto mixed = dials.take(kLater);
  EXPECT_TRUE(mixed->success);
  EXPECT_EQ(mixed->latency, milliseconds(5));
}

TEST(DialSamplesTest, GivesNothingBeforeTheSecondIsOver) {
  DialSamples dials;
  EXPECT_FALSE(dials.due());
  EXPECT_FALSE(dials.take(kLater));

  dials.succeeded(milliseconds(1), kStart);
  dials.succeeded(milliseconds(2), kStart + milliseconds(900));
  EXPECT_EQ(dials.due(), kLater) << "the second begins with the first dial";
  EXPECT_FALSE(dials.take(kLater - Duration(1)));
  EXPECT_TRUE(dials.take(kLater));
}

TEST(DialSamplesTest, EachSecondStandsAlone) {
  DialSamples dials;
  dials.succeeded(milliseconds(1), kStart);
  dials.take(kLater);
  EXPECT_FALSE(dials.due());
  EXPECT_FALSE(dials.take(kLater + seconds(1)));

  dials.failed(kLater + milliseconds(500));
  EXPECT_EQ(dials.due(), kLater + milliseconds(1500));
  EXPECT_FALSE(dials.take(kLater + milliseconds(1500))->success);
}

TEST(ConfirmationTest, EndsWhenThreeAnswersInARowAgree) {
  const struct {
    std::string_view answers;  // s or f
    bool running;
  } cases[] = {
      {"", true},      {"ff", true},     {"fff", false},   {"sss", false},
      {"ffsff", true}, {"ffsss", false}, {"sfsfsf", true}, {"sfsfff", false},
  };
  for (const auto& c : cases) {
    Confirmation confirmation;
    confirmation.start(kStart);
    for (const char answer : c.answers) confirmation.answered(answer == 's');
    EXPECT_EQ(confirmation.due().has_value(), c.running) << "'" << c.answers << "'";
  }
}

TEST(ConfirmationTest, ProbesAtOnceAndThenEverySecond) {
  Confirmation confirmation;
  EXPECT_FALSE(confirmation.due());
  confirmation.start(kStart);
  EXPECT_EQ(confirmation.due(), kStart);
  confirmation.probe_started(kStart);
  EXPECT_EQ(confirmation.due(), kStart + seconds(1));
}

TEST(ConfirmationTest, StartingAgainWhileRunningChangesNothing) {
  Confirmation confirmation;
  confirmation.start(kStart);
  confirmation.probe_started(kStart);
  confirmation.answered(false);
  confirmation.answered(false);
  confirmation.start(kStart + milliseconds(500));
  EXPECT_EQ(confirmation.due(), kStart + seconds(1));
  confirmation.answered(false);
  EXPECT_FALSE(confirmation.due()) << "the first two answers still count";
}

TEST(ConfirmationTest, RunsAgainAfterItHasEnded) {
  Confirmation confirmation;
  confirmation.start(kStart);
  for (int i = 0; i < 3; ++i) confirmation.answered(false);
  confirmation.start(kStart + seconds(5));
  EXPECT_EQ(confirmation.due(), kStart + seconds(5));
  confirmation.answered(false);
  EXPECT_TRUE(confirmation.due()) << "counts from the beginning";
}

}  // namespace
}  // namespace fwd
