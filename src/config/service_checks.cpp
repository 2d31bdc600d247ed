#include <initializer_list>

#include "config/checks.h"
#include "config/keys.h"

namespace fwd {
namespace {

std::string show(const Draft& draft, const std::string& path) { return find_key(path)->show(draft); }

class ServiceChecks {
 public:
  ServiceChecks(const Draft& draft, Faults& faults) : draft_(draft), faults_(faults) {}

  void run() const {
    const auto& probing = draft_.service.remotes.probing;
    at_most(probing.timeout, "remotes.probing.timeout", probing.interval, "remotes.probing.interval");
    const auto& ejection = draft_.service.remotes.selector.ejection;
    at_most(ejection.hold_down_base, "remotes.selector.hold_down.base", ejection.hold_down_max,
            "remotes.selector.hold_down.max");
    const PoolSizing& sizing = draft_.service.pools.sizing;
    at_most(sizing.min_size, "pools.strategy.dynamic.min_size", sizing.max_size,
            "pools.strategy.dynamic.max_size");
    check_scoring(draft_.service.remotes.scoring);
    check_threshold();
  }

 private:
  void check_scoring(const ScoringConfig& scoring) const {
    below(scoring.latency.base, "remotes.scoring.latency.base_latency", scoring.latency.max_acceptable,
          "remotes.scoring.latency.max_acceptable_latency");
    below(scoring.jitter.base, "remotes.scoring.jitter.base_jitter", scoring.jitter.max_acceptable,
          "remotes.scoring.jitter.max_acceptable_jitter");
    at_most(scoring.failure_penalty.base_penalty, "remotes.scoring.failure_penalty.base_penalty",
            scoring.failure_penalty.max_penalty, "remotes.scoring.failure_penalty.max_penalty");
  }

  // A threshold above the best possible score would leave the service in panic for ever.
  void check_threshold() const {
    const auto& scoring = draft_.service.remotes.scoring;
    const double best = scoring.latency.max_score + scoring.jitter.max_score +
                        scoring.success_rate.max_score + scoring.historical_bonus.max_bonus;
    if (draft_.service.remotes.selector.min_score_threshold <= best) return;
    const auto* at =
        latest({"remotes.selector.min_score_threshold", "remotes.scoring.weights.latency",
                "remotes.scoring.weights.jitter", "remotes.scoring.weights.success_rate",
                "remotes.scoring.latency.max_score", "remotes.scoring.jitter.max_score",
                "remotes.scoring.success_rate.max_score", "remotes.scoring.historical_bonus.max_bonus"});
    if (at == nullptr) return;
    faults_.add(at->place, at->key,
                "no score can reach remotes.selector.min_score_threshold, which is " +
                    show(draft_, "remotes.selector.min_score_threshold") + "; allowed: at most " +
                    Number{0, best}.show(best) + ", the sum of every max_score and max_bonus");
  }

  template <class T>
  void at_most(const T& smaller, const char* smaller_path, const T& larger, const char* larger_path) const {
    if (larger < smaller) out_of_order(smaller_path, "at most ", larger_path, "at least ");
  }
  template <class T>
  void below(const T& smaller, const char* smaller_path, const T& larger, const char* larger_path) const {
    if (larger <= smaller) out_of_order(smaller_path, "below ", larger_path, "above ");
  }

  // Reported at the key that stands later in the file, in its own words.
  void out_of_order(const std::string& smaller, const std::string& below_words, const std::string& larger,
                    const std::string& above_words) const {
    const Given* at = latest({smaller, larger});
    if (at == nullptr) return;
    const bool at_smaller = at == draft_.find_given(smaller);
    const std::string& other = at_smaller ? larger : smaller;
    faults_.add(at->place, at->key,
                show(draft_, at_smaller ? smaller : larger) +
                    (at_smaller ? " is too large" : " is too small") + "; allowed: " +
                    (at_smaller ? below_words : above_words) + other + ", which is " + show(draft_, other));
  }

  // The one that stands last; nothing when one of them is faulty.
  const Given* latest(std::initializer_list<std::string> paths) const {
    const Given* last = nullptr;
    for (const std::string& path : paths) {
      const Given* candidate = draft_.find_given(path);
      if (candidate == nullptr) continue;
      if (candidate->faulty) return nullptr;
      if (last == nullptr || last->place < candidate->place) last = candidate;
    }
    return last;
  }

  const Draft& draft_;
  Faults& faults_;
};

}  // namespace

void check_service(const Draft& draft, Faults& faults) { ServiceChecks(draft, faults).run(); }

}  // namespace fwd
