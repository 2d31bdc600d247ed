#pragma once

#include <optional>

#include "core/time.h"

namespace fwd {

struct EjectionConfig {
  unsigned eject_after = 3;
  unsigned readmit_after = 3;
  Duration hold_down_base = std::chrono::seconds(10);
  Duration hold_down_max = std::chrono::minutes(10);

  bool operator==(const EjectionConfig&) const = default;
};

// Ejection and hold-down of one backend. Ejected after `eject_after` failures in a row; eligible again after
// `readmit_after` successes in a row AND once the hold-down is over. The hold-down doubles with each ejection
// up to its maximum and halves with each hour without one. A backend that never answered is not ejected.
class Ejection {
 public:
  // True when this very sample ejects the backend.
  bool failed(const EjectionConfig& config, bool has_answered, TimePoint now);
  // True when this very sample re-admits the backend.
  bool succeeded(const EjectionConfig& config, TimePoint now);
  // Re-admits when the successes are there and the hold-down has run out meanwhile. True when it did.
  bool expire(const EjectionConfig& config, TimePoint now);

  bool ejected() const { return ejected_; }
  // Earliest time at which it may be re-admitted; meaningful while ejected.
  TimePoint held_until() const { return held_until_; }
  // When expire() will re-admit; nothing while successes are missing or it is not ejected.
  std::optional<TimePoint> due(const EjectionConfig& config) const;

 private:
  void eject(const EjectionConfig& config, TimePoint now);

  bool ejected_ = false;
  unsigned failures_ = 0;   // in a row
  unsigned successes_ = 0;  // in a row since the ejection
  Duration hold_down_{};    // of the last ejection; 0 before the first
  TimePoint held_until_{};
  TimePoint ejected_at_{};  // the last time
};

}  // namespace fwd
