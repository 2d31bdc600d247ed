#include "core/scoring.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

namespace fwd {
namespace {

using std::chrono::milliseconds;

constexpr double kExact = 1e-9;

void probe(Measurements& m, const ScoringConfig& config, milliseconds latency) {
  record_success(m, config, SampleSource::probe, latency);
}

Measurements after_failures(unsigned count, const ScoringConfig& config = {}) {
  Measurements m;
  for (unsigned i = 0; i < count; ++i) record_failure(m, config);
  return m;
}

TEST(ScoringTest, NothingMeasuredScoresNothing) {
  const ScoreParts parts = score({}, {});
  EXPECT_EQ(parts.latency, 0);
  EXPECT_EQ(parts.jitter, 0);
  EXPECT_EQ(parts.success_rate, 0);
  EXPECT_EQ(parts.total, 0);
}

TEST(ScoringTest, LatencyPointsFallInAStraightLine) {
  const struct {
    double latency_ms;
    double points;
  } cases[] = {
      {0, 45},     {50, 45},  // at or below base_latency
      {200, 36},              // 45 x (800 - 200) / 750
      {425, 22.5},            // half way
      {800, 0},    {900, 0}   // at or above the maximum
  };
  for (const auto& c : cases) {
    EXPECT_NEAR(score({.latency_ms = c.latency_ms}, {}).latency, c.points, kExact) << c.latency_ms << " ms";
  }
}

TEST(ScoringTest, JitterPointsFallInAStraightLine) {
  const struct {
    double jitter_ms;
    double points;
  } cases[] = {
      {0, 15},    {10, 15},  // at or below base_jitter
      {68, 12},              // 15 x (300 - 68) / 290
      {155, 7.5},            // half way
      {300, 0},   {301, 0}   // at or above the maximum
  };
  for (const auto& c : cases) {
    EXPECT_NEAR(score({.jitter_ms = c.jitter_ms}, {}).jitter, c.points, kExact) << c.jitter_ms << " ms";
  }
}

TEST(ScoringTest, BaseEqualToMaximumIsAStep) {
  ScoringConfig config;
  config.latency.base = config.latency.max_acceptable = milliseconds(100);
  EXPECT_EQ(score({.latency_ms = 100}, config).latency, 45);
  EXPECT_EQ(score({.latency_ms = 100.001}, config).latency, 0);
}

TEST(ScoringTest, AveragesAreSeededByTheirFirstSample) {
  Measurements m;
  probe(m, {}, milliseconds(100));
  EXPECT_EQ(m.latency_ms, 100);
  EXPECT_EQ(m.success, 1);
  EXPECT_FALSE(m.jitter_ms) << "jitter starts with the second sample";
  EXPECT_EQ(score(m, {}).jitter, 0);

  probe(m, {}, milliseconds(160));
  EXPECT_EQ(m.jitter_ms, 60) << "seeded by |160 - 100|";
}

TEST(ScoringTest, LatencyKeepsMicroseconds) {
  Measurements m;
  record_success(m, {}, SampleSource::probe, std::chrono::microseconds(1234));
  EXPECT_NEAR(*m.latency_ms, 1.234, kExact);
}

// One sample after the other; nothing for a failure. The same numbers as in docs/scoring.md.
TEST(ScoringTest, WorkedExampleOfTheDocs) {
  const struct {
    std::optional<milliseconds> sample;
    double latency;
    std::optional<double> jitter;
    double success;
    double penalty;
    double total;
  } steps[] = {
      // 45 x 700/750 = 42; no jitter yet; 40 x 1
      {milliseconds(100), 100, std::nullopt, 1, 0, 82},
      // jitter |120-100|; latency 0.2x120 + 0.8x100; points 45 x 696/750 + 15 x 280/290 + 40
      {milliseconds(120), 104, 20, 1, 0, 41.76 + 4200.0 / 290 + 40},
      // success 0.9 x 1; penalty 5; points 41.76 + 14.482759 + 36 - 5
      {std::nullopt, 104, 20, 0.9, 5, 41.76 + 4200.0 / 290 + 36 - 5},
      // jitter 0.3x|80-104| + 0.7x20; latency 0.2x80 + 0.8x104; success 0.1 + 0.9x0.9; penalty 5 - 2.5;
      // points 45 x 700.8/750 + 15 x 278.8/290 + 40 x 0.91 - 2.5
      {milliseconds(80), 99.2, 21.2, 0.91, 2.5, 42.048 + 4182.0 / 290 + 36.4 - 2.5},
  };
  const ScoringConfig config;
  Measurements m;
  for (const auto& step : steps) {
    if (step.sample) {
      probe(m, config, *step.sample);
    } else {
      record_failure(m, config);
    }
    EXPECT_NEAR(*m.latency_ms, step.latency, kExact);
    EXPECT_EQ(m.jitter_ms.has_value(), step.jitter.has_value());
    EXPECT_NEAR(m.jitter_ms.value_or(0), step.jitter.value_or(0), kExact);
    EXPECT_NEAR(*m.success, step.success, kExact);
    EXPECT_NEAR(m.penalty, step.penalty, kExact);
    EXPECT_NEAR(score(m, config).total, step.total, kExact);
  }
  EXPECT_NEAR(score(m, config).total, 90.369, 0.0005) << "as printed in docs/scoring.md";
}

TEST(ScoringTest, FailureGivesNoLatencyOrJitterSample) {
  Measurements m;
  probe(m, {}, milliseconds(100));
  probe(m, {}, milliseconds(120));
  const Measurements before = m;
  record_failure(m, {});
  EXPECT_EQ(m.latency_ms, before.latency_ms);
  EXPECT_EQ(m.jitter_ms, before.jitter_ms);
  EXPECT_FALSE(after_failures(3).has_answered());
}

TEST(ScoringTest, PenaltyGrowsWithFailuresInARow) {
  // 5 x 1.8^(n-1), at most 80
  const double expected[] = {5, 9, 16.2, 29.16, 52.488, 80, 80};
  Measurements m;
  for (const double penalty : expected) {
    record_failure(m, {});
    EXPECT_NEAR(m.penalty, penalty, kExact) << m.consecutive_failures << " failures in a row";
  }
}

TEST(ScoringTest, PenaltyStaysANumberHoweverLongTheOutage) {
  EXPECT_EQ(after_failures(5000).penalty, 80);
  ScoringConfig free;
  free.failure_penalty.base_penalty = 0;
  EXPECT_EQ(after_failures(5000, free).penalty, 0);
}

TEST(ScoringTest, NewRunOfFailuresNeverLowersThePenalty) {
  Measurements m = after_failures(3);  // 16.2
  probe(m, {}, milliseconds(10));      // 13.7
  record_failure(m, {});               // max(13.7, 5)
  EXPECT_NEAR(m.penalty, 13.7, kExact);
}

TEST(ScoringTest, ProbesPayThePenaltyOffNotBelowZero) {
  Measurements m = after_failures(1);  // 5
  for (const double left : {2.5, 0.0, 0.0}) {
    probe(m, {}, milliseconds(10));
    EXPECT_NEAR(m.penalty, left, kExact);
  }
}

TEST(ScoringTest, DialsNeitherPayThePenaltyNorEarnTheBonus) {
  ScoringConfig config;
  config.historical_bonus.checks_per_point = 2;
  Measurements m = after_failures(1);
  for (int i = 0; i < 10; ++i) record_success(m, config, SampleSource::dial, milliseconds(10));
  EXPECT_EQ(m.penalty, 5);
  EXPECT_EQ(m.bonus, 0);
  EXPECT_EQ(m.consecutive_failures, 0U);
  EXPECT_NEAR(*m.success, 1 - std::pow(0.9, 10), kExact) << "but they do count as answers";
}

TEST(ScoringTest, DialBetweenProbesDoesNotBreakTheirRow) {
  ScoringConfig config;
  config.historical_bonus.checks_per_point = 2;
  Measurements m;
  probe(m, config, milliseconds(10));
  record_success(m, config, SampleSource::dial, milliseconds(10));
  probe(m, config, milliseconds(10));
  EXPECT_EQ(m.bonus, 1);
}

TEST(ScoringTest, BonusIsAPointForEachCompletedRowUpToItsMaximum) {
  ScoringConfig config;
  config.historical_bonus = {.max_bonus = 2, .checks_per_point = 3};
  Measurements m;
  const double expected[] = {0, 0, 1, 1, 1, 2, 2, 2, 2};
  for (const double bonus : expected) {
    probe(m, config, milliseconds(10));
    EXPECT_EQ(m.bonus, bonus);
  }
}

TEST(ScoringTest, FailureStartsTheRowAnewAndFiveEndTheBonus) {
  ScoringConfig config;
  config.historical_bonus.checks_per_point = 3;
  Measurements m;
  for (int i = 0; i < 5; ++i) probe(m, config, milliseconds(10));  // 1 point and 2 of the next 3
  record_failure(m, config);
  probe(m, config, milliseconds(10));
  EXPECT_EQ(m.bonus, 1) << "the two before the failure no longer count";

  for (int i = 0; i < 4; ++i) record_failure(m, config);
  EXPECT_EQ(m.bonus, 1);
  record_failure(m, config);
  EXPECT_EQ(m.bonus, 0);
}

TEST(ScoringTest, TotalIsClampedToWhatCanBeHad) {
  const ScoringConfig config;
  // 45 + 15 + 40 + 10
  EXPECT_EQ(score({.latency_ms = 1, .jitter_ms = 1, .success = 1, .bonus = 10}, config).total, 110);
  EXPECT_EQ(score({.latency_ms = 1, .jitter_ms = 1, .success = 1, .bonus = 99}, config).total, 110);
  EXPECT_EQ(score({.success = 0.5, .penalty = 80}, config).total, 0);
}

}  // namespace
}  // namespace fwd
