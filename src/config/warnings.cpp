#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "config/checks.h"
#include "config/keys.h"

namespace fwd {
namespace {

const std::string tls_prefix = "remotes.tls.";
const std::string strategy_prefix = "pools.strategy.";

// Whether the key has an effect, given the switch that it depends on. `why` names that switch when not.
bool has_effect(const Draft& draft, const std::string& path, std::string& why) {
  using enum PoolStrategy;
  const PoolStrategy strategy = draft.service.pools.sizing.strategy;
  const auto depends = [&](const std::string& on, bool effect) {
    if (!effect) why = on + " is " + find_key(on)->show(draft);
    return effect;
  };
  const std::string type = strategy_prefix + "type";
  if (path.starts_with(tls_prefix)) return depends(tls_prefix + "enabled", draft.service.remotes.tls.enabled);
  if (path == "pools.common.idle_timeout") return depends(type, strategy != none);
  if (path.starts_with(strategy_prefix + "static.")) return depends(type, strategy == fixed);
  if (path == strategy_prefix + "dynamic.scaling.interval") return depends(type, strategy != none);
  if (path.starts_with(strategy_prefix + "dynamic.scaling.")) return depends(type, strategy == dynamic);
  if (path.starts_with(strategy_prefix + "dynamic."))
    return depends(type, strategy == dynamic || strategy == predictive);
  return true;
}

// Keys that were changed though another one switches them off: in every service that has them from the same
// place.
void warn_of_unused(const std::vector<Draft>& services, Warnings& warnings) {
  const Draft defaults;
  std::set<std::string> used;
  std::vector<std::pair<std::string, std::string>> unused;
  for (const Draft& draft : services) {
    for (const Key& key : all_keys()) {
      const Given* at = draft.find_given(key.path);
      if (at == nullptr || key.show(draft) == key.show(defaults)) continue;
      std::string why;
      if (has_effect(draft, key.path, why)) {
        used.insert(at->key);
      } else {
        unused.emplace_back(at->key, why);
      }
    }
  }
  for (const auto& [key, why] : unused) {
    if (used.contains(key)) continue;
    std::string text = key;
    text += " has no effect: ";
    text += why;
    warnings.add(std::move(text));
  }
}

void warn_of_tls(const Draft& draft, Warnings& warnings) {
  const RemotesConfig& remotes = draft.service.remotes;
  if (!remotes.tls.enabled) return;
  if (!remotes.tls.verify) {
    warnings.add(draft.find_given(tls_prefix + "verify")->key + " is false: the backends are not verified");
  }
  if (remotes.proxy_protocol != ProxyProtocol::none) {
    warnings.add(
        draft.find_given("remotes.proxy_protocol")->key + " with " +
        draft.find_given(tls_prefix + "enabled")->key +
        ": the pool keeps plain TCP links and shakes hands when one is taken, since the header has to "
        "come before the handshake");
  }
}

// A weight beside a max_score that says something else.
void warn_of_weight(const Draft& draft, const std::string& part, double weight, double max_score,
                    Warnings& warnings) {
  const Given* at = draft.find_given("remotes.scoring.weights." + part);
  const std::string winner = "remotes.scoring." + part + ".max_score";
  const bool agree = std::abs(100 * weight - max_score) < 1e-6;
  if (at == nullptr || draft.find_given(winner) == nullptr || agree) return;
  warnings.add(at->key + " has no effect: " + winner + " is given too, and wins");
}

}  // namespace

void find_warnings(const std::vector<Draft>& services, Warnings& warnings) {
  warn_of_unused(services, warnings);
  for (const Draft& draft : services) {
    const ScoringConfig& scoring = draft.service.remotes.scoring;
    warn_of_tls(draft, warnings);
    warn_of_weight(draft, "latency", draft.weights.latency, scoring.latency.max_score, warnings);
    warn_of_weight(draft, "jitter", draft.weights.jitter, scoring.jitter.max_score, warnings);
    warn_of_weight(draft, "success_rate", draft.weights.success_rate, scoring.success_rate.max_score,
                   warnings);
  }
}

}  // namespace fwd
