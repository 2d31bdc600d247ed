#include <algorithm>
#include <cmath>
#include <functional>

#include "config/checks.h"
#include "config/keys.h"

namespace fwd {
namespace {

using Found = std::function<void(std::string)>;

const Given* given(const Draft& draft, const std::string& path) {
  const auto found = draft.given.find(path);
  return found == draft.given.end() ? nullptr : &found->second;
}

// A key that was changed, though nothing depends on it yet.
void warn_of_planned(const Draft& draft, const Found& found) {
  const Draft defaults;
  for (const Key& key : all_keys()) {
    const Given* at = given(draft, key.path);
    if (key.scope != Scope::planned || at == nullptr || key.show(draft) == key.show(defaults)) continue;
    found(at->key + " has no effect yet: what it sets is not built");
  }
}

// A weight beside a max_score that says something else.
void warn_of_weight(const Draft& draft, const std::string& part, double weight, double max_score,
                    const Found& found) {
  const Given* at = given(draft, "remotes.scoring.weights." + part);
  const std::string winner = "remotes.scoring." + part + ".max_score";
  const bool agree = std::abs(100 * weight - max_score) < 1e-6;
  if (at == nullptr || given(draft, winner) == nullptr || agree) return;
  found(at->key + " has no effect: " + winner + " is given too, and wins");
}

}  // namespace

std::vector<std::string> find_warnings(const std::vector<Draft>& services) {
  std::vector<std::string> warnings;
  const Found found = [&warnings](std::string text) {
    const bool known = std::find(warnings.begin(), warnings.end(), text) != warnings.end();
    if (!known) warnings.push_back(std::move(text));
  };
  for (const Draft& draft : services) {
    const ScoringConfig& scoring = draft.service.remotes.scoring;
    warn_of_planned(draft, found);
    warn_of_weight(draft, "latency", draft.weights.latency, scoring.latency.max_score, found);
    warn_of_weight(draft, "jitter", draft.weights.jitter, scoring.jitter.max_score, found);
    warn_of_weight(draft, "success_rate", draft.weights.success_rate, scoring.success_rate.max_score, found);
  }
  return warnings;
}

}  // namespace fwd
