#include "core/series_keeper.h"

#include <algorithm>
#include <utility>

namespace fwd {

std::vector<BackendKey> SeriesKeeper::update(const Scoreboard& board, std::span<const BackendKey> active) {
  const std::unordered_set<BackendKey> before = std::exchange(kept_, {});
  for (const BackendKey key : active) {
    if (board.find(key)) kept_.insert(key);
  }
  std::vector<const BackendRecord*> others;
  for (const auto& [key, record] : board.records()) {
    if (record.listed) {
      others.push_back(&record);
    } else if (before.contains(key)) {
      kept_.insert(key);
    }
  }
  std::sort(others.begin(), others.end(), [](auto* a, auto* b) { return better(*a, *b); });
  std::stable_partition(others.begin(), others.end(), [&before](const BackendRecord* record) {
    return record->measured.has_answered() && before.contains(record->key);
  });
  for (const BackendRecord* record : others) {
    if (kept_.size() >= max_backends_) break;
    kept_.insert(record->key);
  }
  std::vector<BackendKey> shown(kept_.begin(), kept_.end());
  std::sort(shown.begin(), shown.end());
  return shown;
}

}  // namespace fwd
