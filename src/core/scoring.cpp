#include "core/scoring.h"

#include <algorithm>
#include <cmath>

namespace fwd {
namespace {

constexpr unsigned kFailuresThatEndTheBonus = 5;

void fold(std::optional<double>& average, double alpha, double sample) {
  average = average ? alpha * sample + (1 - alpha) * *average : sample;
}

// All points at or below `base`, none at or above `max`, linear between.
double interpolate(double value, Duration base, Duration max, double points) {
  const double base_ms = to_milliseconds(base);
  const double max_ms = to_milliseconds(max);
  if (value <= base_ms) return points;
  if (value >= max_ms) return 0;
  return points * (max_ms - value) / (max_ms - base_ms);
}

double penalty_of(unsigned failures_in_a_row, const ScoringConfig::FailurePenalty& config) {
  if (config.base_penalty <= 0) return 0;  // 0 times an overflowing power would not be a number
  const double grown = config.base_penalty * std::pow(config.exponent_factor, failures_in_a_row - 1);
  return std::min(config.max_penalty, grown);
}

void credit_probe(Measurements& m, const ScoringConfig& config) {
  m.penalty = std::max(0.0, m.penalty - config.failure_penalty.recovery_per_check);
  if (++m.consecutive_probe_successes < config.historical_bonus.checks_per_point) return;
  m.consecutive_probe_successes = 0;
  m.bonus = std::min(config.historical_bonus.max_bonus, m.bonus + 1);
}

}  // namespace

void record_success(Measurements& m, const ScoringConfig& config, SampleSource source, Duration latency) {
  const double sample = to_milliseconds(latency);
  if (m.latency_ms) fold(m.jitter_ms, config.jitter.ewma_alpha, std::abs(sample - *m.latency_ms));
  fold(m.latency_ms, config.latency.ewma_alpha, sample);
  fold(m.success, config.success_rate.ewma_alpha, 1);
  m.consecutive_failures = 0;
  if (source == SampleSource::probe) credit_probe(m, config);
}

void record_failure(Measurements& m, const ScoringConfig& config) {
  fold(m.success, config.success_rate.ewma_alpha, 0);
  m.consecutive_probe_successes = 0;
  ++m.consecutive_failures;
  m.penalty = std::max(m.penalty, penalty_of(m.consecutive_failures, config.failure_penalty));
  if (m.consecutive_failures >= kFailuresThatEndTheBonus) m.bonus = 0;
}

ScoreParts score(const Measurements& m, const ScoringConfig& config) {
  const ScoringConfig::Latency& latency = config.latency;
  const ScoringConfig::Jitter& jitter = config.jitter;
  ScoreParts parts;
  if (m.latency_ms) {
    parts.latency = interpolate(*m.latency_ms, latency.base, latency.max_acceptable, latency.max_score);
  }
  if (m.jitter_ms) {
    parts.jitter = interpolate(*m.jitter_ms, jitter.base, jitter.max_acceptable, jitter.max_score);
  }
  parts.success_rate = m.success.value_or(0) * config.success_rate.max_score;
  parts.penalty = m.penalty;
  parts.bonus = m.bonus;
  const double most = latency.max_score + jitter.max_score + config.success_rate.max_score +
                      config.historical_bonus.max_bonus;
  const double sum = parts.latency + parts.jitter + parts.success_rate - parts.penalty + parts.bonus;
  parts.total = std::clamp(sum, 0.0, most);
  return parts;
}

}  // namespace fwd
