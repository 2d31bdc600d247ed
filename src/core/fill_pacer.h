#pragma once

#include <cstddef>
#include <optional>

#include "core/random.h"
#include "core/time.h"

namespace fwd {

// When a pool of one backend on one worker may open its next link.
//
// A link that was taken or lost is replaced at once; growth goes one link each kGrowthGap, with at most
// kGrowing under way, so that a start or a new member makes no storm and links do not all reach the same age
// together. While the backend refuses, fills wait 100 ms, doubled by each failure in a row up to 30 s, times
// a random 0.5 to 1; then they go one at a time, that long apart, until one has proved good. Failures during
// the wait are those of fills begun before it, and count as one. Whatever is missing after a failure counts
// as growth.
class FillPacer {
 public:
  static constexpr Duration kGrowthGap = std::chrono::milliseconds(50);
  static constexpr std::size_t kGrowing = 16;    // under way at once, when growing
  static constexpr std::size_t kInFlight = 128;  // under way at once, at all
  static constexpr Duration kFirstBackoff = std::chrono::milliseconds(100);
  static constexpr Duration kLongestBackoff = std::chrono::seconds(30);

  void link_gone();  // taken or lost: its replacement needs no pacing
  void opened();     // a link has proved good (it was opened, and not closed at once): the backoff is over
  void failed(TimePoint now, Random& random);  // a fill failed, or its link was closed at once

  // Whether a fill may start now; counts as started when true. `idle`, `connecting`: links now.
  bool start(std::size_t idle, std::size_t connecting, std::size_t wanted, TimePoint now);
  // When to ask again after a no; nothing when only an event (a link taken, a fill over, another plan) can
  // change it.
  std::optional<TimePoint> next(std::size_t idle, std::size_t connecting, std::size_t wanted) const;
  bool backing_off(TimePoint now) const;
  // A fill has failed, and none has proved good since.
  bool refused() const { return backoff_ > Duration::zero(); }

 private:
  std::size_t replacements_ = 0;  // links that may be opened without pacing
  TimePoint next_growth_ = TimePoint::min();
  Duration backoff_{};  // the last one, before chance; 0 when the backend does not refuse
  TimePoint backoff_until_ = TimePoint::min();
};

}  // namespace fwd
