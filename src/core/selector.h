#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "core/scoreboard.h"
#include "core/time.h"

namespace fwd {

struct SelectorConfig {
  Duration evaluation_interval = std::chrono::seconds(30);
  std::size_t active_set_size = 3;
  double min_score_threshold = 15.0;
  EjectionConfig ejection;
  Duration debounce_interval = std::chrono::minutes(1);
  double score_improvement_threshold = 5.0;

  bool operator==(const SelectorConfig&) const = default;
};

enum class DecisionReason {
  initial,
  improved,
  member_ejected,
  member_left,
  below_threshold,
  filled,
  held_by_debounce,
  held_by_threshold,
  unchanged,
  panic,
  panic_over,
};
inline constexpr std::size_t kDecisionReasonCount = 11;
std::string_view to_string(DecisionReason reason);

// One member out, one in, or both. Scores are those of the moment.
struct MemberChange {
  std::optional<BackendKey> out{};
  std::optional<BackendKey> in{};
  double out_score = 0;
  double in_score = 0;
  DecisionReason reason = DecisionReason::unchanged;
};

struct Decision {
  DecisionReason reason = DecisionReason::unchanged;  // the weightiest: see selector.cpp for the order
  std::vector<BackendKey> members;                    // the active set from now on, best first
  std::vector<MemberChange> changes;                  // empty when the set stays as it is
  bool panic = false;
  // For held_by_*: the best pair that was looked at.
  std::optional<MemberChange> considered;
};

// Chooses the active set. The rules are in docs/scoring.md. Lives on the control loop; pure.
class Selector {
 public:
  explicit Selector(const SelectorConfig& config) : config_(config) {}

  // Looks at every listed backend and decides; the state moves to the decision.
  Decision evaluate(const Scoreboard& board, TimePoint now);

  const std::vector<BackendKey>& members() const { return members_; }
  bool contains(BackendKey key) const;
  bool panic() const { return panic_; }

 private:
  using Records = std::vector<const BackendRecord*>;  // by merit, best first

  Records keep_and_fill(Records records, bool panic) const;
  // What besides the single changes there is to tell: the start, a panic, the end of one; else unchanged.
  DecisionReason occasion(const Records& listed, bool panic) const;
  void list_necessary_changes(const Scoreboard& board, const Records& chosen, DecisionReason occasion,
                              Decision& decision) const;
  void improve(Records& chosen, const Records& eligible, TimePoint now, Decision& decision) const;

  SelectorConfig config_;
  std::vector<BackendKey> members_;
  std::optional<TimePoint> last_change_;
  bool panic_ = false;
  bool started_ = false;
};

}  // namespace fwd
