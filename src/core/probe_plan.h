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
// others, of which half (rounded up) are the recovering and then the best standbys, the rest the longest
// unprobed (never probed first). What one half cannot fill the other may. The probes are spread evenly over
// the interval, each moved at random within its own share of it.
std::vector<PlannedProbe> plan_probes(const Scoreboard& board, std::span<const BackendKey> active,
                                      const ProbingConfig& config, Random& random);

}  // namespace fwd
