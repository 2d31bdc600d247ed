#pragma once

#include <optional>

#include "core/time.h"

namespace fwd {

struct ScoringConfig {
  struct Latency {
    double max_score = 45.0;
    double ewma_alpha = 0.2;
    Duration base = std::chrono::milliseconds(50);
    Duration max_acceptable = std::chrono::milliseconds(800);
    bool operator==(const Latency&) const = default;
  } latency;
  struct Jitter {
    double max_score = 15.0;
    double ewma_alpha = 0.3;
    Duration base = std::chrono::milliseconds(10);
    Duration max_acceptable = std::chrono::milliseconds(300);
    bool operator==(const Jitter&) const = default;
  } jitter;
  struct SuccessRate {
    double max_score = 40.0;
    double ewma_alpha = 0.1;
    bool operator==(const SuccessRate&) const = default;
  } success_rate;
  struct FailurePenalty {
    double base_penalty = 5.0;
    double exponent_factor = 1.8;
    double max_penalty = 80.0;
    double recovery_per_check = 2.5;
    bool operator==(const FailurePenalty&) const = default;
  } failure_penalty;
  struct HistoricalBonus {
    double max_bonus = 10.0;
    unsigned checks_per_point = 120;
    bool operator==(const HistoricalBonus&) const = default;
  } historical_bonus;

  bool operator==(const ScoringConfig&) const = default;
};

// The parts that a score is made of; `total` is clamped as the specification says. docs/scoring.md.
struct ScoreParts {
  double latency = 0;
  double jitter = 0;
  double success_rate = 0;
  double penalty = 0;
  double bonus = 0;
  double total = 0;
};

// A sample comes from a probe, or from the real dials of one second folded into one. Only successful probes
// pay penalty off and earn the bonus, so that a busy backend does not recover faster than an idle one.
enum class SampleSource { probe, dial };

// Everything that is remembered of one backend's measurements. A plain value, so that it can be exported.
// EWMA: v <- alpha * x + (1 - alpha) * v, seeded by its first sample; milliseconds.
struct Measurements {
  std::optional<double> latency_ms{};
  std::optional<double> jitter_ms{};  // from the second latency sample on
  std::optional<double> success{};    // 0..1
  double penalty = 0;
  double bonus = 0;
  unsigned consecutive_failures = 0;
  unsigned consecutive_probe_successes = 0;  // towards the next bonus point

  bool has_answered() const { return latency_ms.has_value(); }
};

void record_success(Measurements& m, const ScoringConfig& config, SampleSource source, Duration latency);
void record_failure(Measurements& m, const ScoringConfig& config);
ScoreParts score(const Measurements& m, const ScoringConfig& config);

}  // namespace fwd
