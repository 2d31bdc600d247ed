#include "config/keys.h"

namespace fwd {

using namespace std::chrono_literals;

namespace {

constexpr Number kPoints{0, 1000};
constexpr Number kAlpha{.min = 0, .max = 1, .above_min = true};

void declare_measures(std::vector<Key>& keys) {
  using Latency = ScoringConfig::Latency;
  using Jitter = ScoringConfig::Jitter;
  using SuccessRate = ScoringConfig::SuccessRate;
  Section(
      keys, "remotes.scoring.latency",
      [](auto& draft) -> auto& { return draft.service.remotes.scoring.latency; })
      .key("max_score", &Latency::max_score, kPoints)
      .key("ewma_alpha", &Latency::ewma_alpha, kAlpha)
      .key("base_latency", &Latency::base, Span{0s, 10min})
      .key("max_acceptable_latency", &Latency::max_acceptable, Span{1us, 10min});
  Section(
      keys, "remotes.scoring.jitter",
      [](auto& draft) -> auto& { return draft.service.remotes.scoring.jitter; })
      .key("max_score", &Jitter::max_score, kPoints)
      .key("ewma_alpha", &Jitter::ewma_alpha, kAlpha)
      .key("base_jitter", &Jitter::base, Span{0s, 10min})
      .key("max_acceptable_jitter", &Jitter::max_acceptable, Span{1us, 10min});
  Section(
      keys, "remotes.scoring.success_rate",
      [](auto& draft) -> auto& { return draft.service.remotes.scoring.success_rate; })
      .key("max_score", &SuccessRate::max_score, kPoints)
      .key("ewma_alpha", &SuccessRate::ewma_alpha, kAlpha);
}

void declare_history(std::vector<Key>& keys) {
  using Penalty = ScoringConfig::FailurePenalty;
  using Bonus = ScoringConfig::HistoricalBonus;
  Section(
      keys, "remotes.scoring.failure_penalty",
      [](auto& draft) -> auto& { return draft.service.remotes.scoring.failure_penalty; })
      .key("base_penalty", &Penalty::base_penalty, kPoints)
      .key("exponent_factor", &Penalty::exponent_factor, Number{1, 100})
      .key("max_penalty", &Penalty::max_penalty, kPoints)
      .key("recovery_per_check", &Penalty::recovery_per_check, kPoints);
  Section(
      keys, "remotes.scoring.historical_bonus",
      [](auto& draft) -> auto& { return draft.service.remotes.scoring.historical_bonus; })
      .key("max_bonus", &Bonus::max_bonus, kPoints)
      .key("checks_per_point", &Bonus::checks_per_point, Whole{1, 1'000'000});
}

}  // namespace

void declare_scoring_keys(std::vector<Key>& keys) {
  Section(
      keys, "remotes.scoring.weights", [](auto& draft) -> auto& { return draft.weights; })
      .key("latency", &WeightsConfig::latency, Number{0, 1})
      .key("jitter", &WeightsConfig::jitter, Number{0, 1})
      .key("success_rate", &WeightsConfig::success_rate, Number{0, 1});
  declare_measures(keys);
  declare_history(keys);
}

}  // namespace fwd
