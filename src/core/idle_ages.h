#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "core/time.h"

namespace fwd {

// Learns the age at which a backend closes idle links. Five or more closes in a row by the backend whose ages
// agree within 20 % set the limit at 80 % of the least of them, in place of an earlier one. A burst of mixed
// ages (a restart) sets none, nor does what closes within one second, since links opened together also end a
// restart at the same age. Were one stray among them allowed, mixed ages would agree by chance several times
// as often, and a stray costs but a few closes more. The limit relaxes by a quarter for each full 10 minutes
// since it was last set, until it is forgotten beyond `longest`. Links closed before they are a second old
// tell of crowding, not of age (IdleTolerance), and are left out. One a backend, on control.
class IdleAges {
 public:
  explicit IdleAges(Duration longest);

  void closed(Duration age, TimePoint now);  // the backend closed an idle link of that age
  // The age that idle links may reach; nothing when none is known.
  std::optional<Duration> limit(TimePoint now);

 private:
  struct Close {
    Duration age;
    TimePoint at;
  };

  bool agree() const;

  Duration longest_;
  std::deque<Close> closes_;       // the last ones, as far back as they agree
  std::optional<Duration> limit_;  // as it was set
  TimePoint set_at_{};
};

// How many idle links suit a backend that bears them up to the age `limit`, with so many arrivals a second:
// twice those that are taken meanwhile, so that most are used, and beyond that one for each 30 s that a
// link lasts, so that at most one in 30 s is opened for nothing. Some servers count what they closed unused.
std::size_t worthwhile_idle(Duration limit, double arrivals_per_second);

}  // namespace fwd
