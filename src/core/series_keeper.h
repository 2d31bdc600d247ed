#pragma once

#include <cstddef>
#include <span>
#include <unordered_set>
#include <vector>

#include "core/scoreboard.h"

namespace fwd {

// Chooses the backends that have metric series, so that thousands of candidates do not swamp a scraper: the
// active set always, and the best others up to `max_backends`. Sticky from its first answer on: one that is
// kept stays until it is forgotten, or until an active one needs its place (the worst goes). One that goes
// off the list while sessions still hold it keeps its place until it is forgotten.
class SeriesKeeper {
 public:
  explicit SeriesKeeper(std::size_t max_backends) : max_backends_(max_backends) {}

  // Keys to show now, sorted.
  std::vector<BackendKey> update(const Scoreboard& board, std::span<const BackendKey> active);

 private:
  std::size_t max_backends_;
  std::unordered_set<BackendKey> kept_;
};

}  // namespace fwd
