#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/random.h"
#include "core/scoreboard.h"
#include "core/time.h"

namespace fwd {

struct ProbingConfig {
  Duration interval = std::chrono::seconds(15);
  Duration timeout = std::chrono::seconds(1);
  std::size_t probe_candidate_count = 10;
  struct Initial {
    bool enabled = true;
    std::size_t max_concurrency = 100;
    Duration timeout = std::chrono::milliseconds(500);
    bool operator==(const Initial&) const = default;
  } initial;

  bool operator==(const ProbingConfig&) const = default;
};

struct PlannedProbe {
  BackendKey key = 0;
  Duration offset{};  // from the start of the round
};

// The probes of one round, in order of offset: every member of the active set and `probe_candidate_count`
// others. Half of these (rounded up) are the recovering and the best standbys, the rest the longest unprobed
// (never probed first). Recovering are the ejected, those that answer again first; they take at most half of
// their half (rounded up), so that many dead ones cannot crowd out the standbys. What one group cannot fill
// goes to the longest unprobed. The probes are spread evenly over the interval, each moved at random within
// its own share of it. A backend whose last probe is still in flight may be planned.
std::vector<PlannedProbe> plan_probes(const Scoreboard& board, std::span<const BackendKey> active,
                                      const ProbingConfig& config, Random& random);

}  // namespace fwd
