#include "core/selector.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace fwd {
namespace {

using Records = std::vector<const BackendRecord*>;

struct Swap {
  const BackendRecord* out;
  const BackendRecord* in;

  double gain() const { return in->score.total - out->score.total; }
};

void sort_by_merit(Records& records) {
  std::sort(records.begin(), records.end(), [](auto* a, auto* b) { return better(*a, *b); });
}

Records listed_by_merit(const Scoreboard& board) {
  Records listed;
  listed.reserve(board.listed());
  for (const auto& [key, record] : board.records()) {
    if (record.listed) listed.push_back(&record);
  }
  sort_by_merit(listed);
  return listed;
}

Records only_eligible(const Records& records, double min_score) {
  Records eligible;
  std::copy_if(records.begin(), records.end(), std::back_inserter(eligible), [min_score](auto* record) {
    return record->measured.has_answered() && !record->ejection.ejected() && record->score.total >= min_score;
  });
  return eligible;
}

// In a panic one that answers now comes before one that once did, and that before one that never did.
int hope(const BackendRecord& record) {
  if (!record.measured.has_answered()) return 0;
  return record.measured.consecutive_failures > 0 ? 1 : 2;
}

bool holds(const Records& records, BackendKey key) {
  return std::any_of(records.begin(), records.end(), [key](auto* record) { return record->key == key; });
}

// The best outsider for the worst member, the next best for the next worst, as long as there is a gain. Both
// by merit, best first.
std::vector<Swap> gainful_swaps(const Records& members, const Records& eligible) {
  std::vector<Swap> swaps;
  auto worst = members.rbegin();
  for (const BackendRecord* outsider : eligible) {
    if (worst == members.rend()) break;
    if (holds(members, outsider->key)) continue;
    const Swap swap{*worst++, outsider};
    if (swap.gain() <= 0) break;
    swaps.push_back(swap);
  }
  return swaps;
}

MemberChange to_change(const Swap& swap, DecisionReason reason) {
  return {swap.out->key, swap.in->key, swap.out->score.total, swap.in->score.total, reason};
}

DecisionReason why_out(const BackendRecord* record, DecisionReason occasion) {
  if (!record || !record->listed) return DecisionReason::member_left;
  if (occasion != DecisionReason::unchanged) return occasion;
  return record->ejection.ejected() ? DecisionReason::member_ejected : DecisionReason::below_threshold;
}

// From the weightiest to the lightest: a decision with several reasons goes by the weightiest.
constexpr std::array kByWeight = {
    DecisionReason::initial,          DecisionReason::panic,
    DecisionReason::panic_over,       DecisionReason::member_ejected,
    DecisionReason::member_left,      DecisionReason::below_threshold,
    DecisionReason::filled,           DecisionReason::improved,
    DecisionReason::held_by_debounce, DecisionReason::held_by_threshold,
    DecisionReason::unchanged,
};
static_assert(kByWeight.size() == kDecisionReasonCount);

DecisionReason weightier(DecisionReason a, DecisionReason b) {
  return *std::find_if(kByWeight.begin(), kByWeight.end(), [a, b](auto r) { return r == a || r == b; });
}

}  // namespace

std::string_view to_string(DecisionReason reason) {
  constexpr std::array<std::string_view, kDecisionReasonCount> kNames = {
      "initial",          "improved",          "member_ejected", "member_left", "below_threshold", "filled",
      "held_by_debounce", "held_by_threshold", "unchanged",      "panic",       "panic_over",
  };
  return kNames[static_cast<std::size_t>(reason)];
}

bool Selector::contains(BackendKey key) const {
  return std::find(members_.begin(), members_.end(), key) != members_.end();
}

Decision Selector::evaluate(const Scoreboard& board, TimePoint now) {
  const Records listed = listed_by_merit(board);
  const Records eligible = only_eligible(listed, config_.min_score_threshold);

  Decision decision;
  decision.panic = eligible.empty() && !listed.empty();
  Records chosen = keep_and_fill(decision.panic ? listed : eligible, decision.panic);
  list_necessary_changes(board, chosen, occasion(listed, decision.panic), decision);
  if (decision.changes.empty()) improve(chosen, eligible, now, decision);

  if (!decision.changes.empty()) last_change_ = now;
  panic_ = decision.panic;
  started_ = started_ || !listed.empty();
  members_.clear();
  for (const BackendRecord* record : chosen) members_.push_back(record->key);
  decision.members = members_;
  return decision;
}

Selector::Records Selector::keep_and_fill(Records records, bool panic) const {
  std::stable_partition(records.begin(), records.end(),
                        [this](auto* record) { return contains(record->key); });
  if (panic) {
    std::stable_sort(records.begin(), records.end(), [](auto* a, auto* b) { return hope(*a) > hope(*b); });
  }
  if (records.size() > config_.active_set_size) records.resize(config_.active_set_size);
  sort_by_merit(records);
  return records;
}

DecisionReason Selector::occasion(const Records& listed, bool panic) const {
  if (listed.empty()) return DecisionReason::unchanged;
  if (!started_ && listed.front()->measured.has_answered()) return DecisionReason::initial;
  if (panic) return DecisionReason::panic;
  return panic_ ? DecisionReason::panic_over : DecisionReason::unchanged;
}

void Selector::list_necessary_changes(const Scoreboard& board, const Records& chosen, DecisionReason occasion,
                                      Decision& decision) const {
  std::vector<MemberChange>& changes = decision.changes;
  for (const BackendKey key : members_) {
    if (holds(chosen, key)) continue;
    const BackendRecord* record = board.find(key);
    changes.push_back({.out = key, .reason = why_out(record, occasion)});
    if (record) changes.back().out_score = record->score.total;
  }
  const DecisionReason why_in = occasion == DecisionReason::unchanged ? DecisionReason::filled : occasion;
  std::size_t next = 0;
  for (const BackendRecord* record : chosen) {
    if (contains(record->key)) continue;
    if (next == changes.size()) changes.push_back({.reason = why_in});
    changes[next].in = record->key;
    changes[next].in_score = record->score.total;
    ++next;
  }
  const bool panic_goes_on = panic_ && decision.panic;
  decision.reason = panic_goes_on ? DecisionReason::unchanged : occasion;
  for (const MemberChange& change : changes) decision.reason = weightier(decision.reason, change.reason);
}

void Selector::improve(Records& chosen, const Records& eligible, TimePoint now, Decision& decision) const {
  const std::vector<Swap> swaps = gainful_swaps(chosen, eligible);
  if (swaps.empty()) return;
  const double threshold = config_.score_improvement_threshold;
  const bool too_early = last_change_ && now - *last_change_ < config_.debounce_interval;
  const bool too_little = swaps.front().gain() < threshold;
  if (too_early || too_little) {
    decision.reason = too_little ? DecisionReason::held_by_threshold : DecisionReason::held_by_debounce;
    decision.considered = to_change(swaps.front(), decision.reason);
    return;
  }
  decision.reason = DecisionReason::improved;
  for (const Swap& swap : swaps) {
    if (swap.gain() < threshold) break;
    std::replace(chosen.begin(), chosen.end(), swap.out, swap.in);
    decision.changes.push_back(to_change(swap, decision.reason));
  }
  sort_by_merit(chosen);
}

}  // namespace fwd
