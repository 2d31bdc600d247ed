#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "core/time.h"

namespace fwd {

// Whether a backend bears idle links, and how many.
//
// Suspension: when of the last 20 links that ended their wait (taken by a session, or closed by the backend)
// more than half were closed by the backend, the pool is to have no idle link for `kPause`, twice as long
// each time in a row, at most `kLongestPause`; afterwards the count starts afresh. Every 20 endings without a
// suspension halve the next pause. Of the closes within one second only five count, so that a backend that
// restarts, or closes at one age links that were opened together (IdleAges), is not taken for one that bears
// none. What ends during a pause does not count.
//
// Cap: a backend that closes a link within a second of opening turns links away because it has too many (as
// sshd with MaxStartups does): the number of idle links is capped at half of those there were, and the cap
// rises by one for each minute without such a close, until it is `most` and forgotten. The cap falls at
// most once a second, so that a burst counts as one.
//
// One a backend, on control.
class IdleTolerance {
 public:
  static constexpr Duration kPause = std::chrono::minutes(1);
  static constexpr Duration kLongestPause = std::chrono::minutes(30);

  explicit IdleTolerance(std::size_t most);

  void used(std::uint64_t links, TimePoint now);  // taken by sessions since the last call
  // The backend closed an idle link of that age, while it had so many idle ones in all. True when this call
  // suspended the pool.
  bool closed(Duration age, std::size_t idle, TimePoint now);

  bool suspended(TimePoint now) const;
  TimePoint suspended_until() const;  // meaningful while suspended
  // The most idle links in all; nothing when there is no bound, 0 while suspended.
  std::optional<std::size_t> cap(TimePoint now);

 private:
  void record(bool closed);
  bool part_of_burst(TimePoint now);
  void suspend(TimePoint now);
  void turned_away(std::size_t idle, TimePoint now);

  std::size_t most_;

  std::deque<bool> endings_;  // the last ones: closed by the backend?
  std::size_t unbroken_ = 0;  // endings since the last suspension, or since the pause was halved
  TimePoint burst_began_{};
  std::size_t burst_ = 0;  // closes that counted since
  Duration next_pause_ = kPause;
  TimePoint until_ = TimePoint::min();

  std::optional<std::size_t> cap_;  // at last_turned_away_
  TimePoint last_turned_away_{};
  TimePoint last_fall_{};
};

}  // namespace fwd
