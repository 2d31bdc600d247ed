#include "core/probe_plan.h"

#include <algorithm>
#include <tuple>
#include <unordered_set>

namespace fwd {
namespace {

using Records = std::vector<const BackendRecord*>;

bool longer_unprobed(const BackendRecord* a, const BackendRecord* b) {
  return std::tie(a->last_probe, a->key) < std::tie(b->last_probe, b->key);
}

bool sooner_back(const BackendRecord* a, const BackendRecord* b) {
  const bool a_fails = a->measured.consecutive_failures > 0;
  const bool b_fails = b->measured.consecutive_failures > 0;
  return a_fails != b_fails ? b_fails : longer_unprobed(a, b);
}

// The keys of one round, in the order in which they were chosen.
class Round {
 public:
  // Adds records from the front until `size` are chosen altogether, passing over those that already are.
  void fill_up_to(std::size_t size, const Records& records) {
    for (const BackendRecord* record : records) {
      if (keys_.size() >= size) return;
      if (chosen_.insert(record->key).second) keys_.push_back(record->key);
    }
  }
  const std::vector<BackendKey>& keys() const { return keys_; }

 private:
  std::vector<BackendKey> keys_;
  std::unordered_set<BackendKey> chosen_;
};

void add_others(Round& round, const Scoreboard& board, std::size_t count) {
  Records all;
  Records recovering;
  Records standbys;
  for (const auto& [key, record] : board.records()) {
    if (!record.listed) continue;
    all.push_back(&record);
    if (record.ejection.ejected()) {
      recovering.push_back(&record);
    } else if (record.measured.has_answered()) {
      standbys.push_back(&record);
    }
  }
  std::sort(all.begin(), all.end(), longer_unprobed);
  std::sort(recovering.begin(), recovering.end(), sooner_back);
  std::sort(standbys.begin(), standbys.end(), [](auto* a, auto* b) { return better(*a, *b); });

  const std::size_t members = round.keys().size();
  const std::size_t half = (count + 1) / 2;
  round.fill_up_to(members + (half + 1) / 2, recovering);
  round.fill_up_to(members + half, standbys);
  round.fill_up_to(members + count, all);
}

}  // namespace

std::vector<PlannedProbe> plan_probes(const Scoreboard& board, std::span<const BackendKey> active,
                                      const ProbingConfig& config, Random& random) {
  Records members;
  for (const BackendKey key : active) {
    const BackendRecord* record = board.find(key);
    if (record && record->listed) members.push_back(record);
  }
  Round round;
  round.fill_up_to(members.size(), members);
  add_others(round, board, config.probe_candidate_count);

  std::vector<PlannedProbe> plan;
  plan.reserve(round.keys().size());
  const double share =
      static_cast<double>(config.interval.count()) / static_cast<double>(round.keys().size());
  for (const BackendKey key : round.keys()) {
    const double offset = share * (static_cast<double>(plan.size()) + random.unit());
    plan.push_back({key, Duration(static_cast<Duration::rep>(offset))});
  }
  return plan;
}

}  // namespace fwd
