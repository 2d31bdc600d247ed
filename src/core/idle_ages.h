#pragma once

#include <deque>
#include <optional>

#include "core/time.h"

namespace fwd {

// Learns the age at which a backend closes idle links. Five closes in a row by the backend whose ages agree
// within 20 % set the limit at 80 % of the least of them, in place of an earlier one; a burst of mixed ages
// (a restart) sets none. Were one stray among them allowed, mixed ages would agree by chance several times as
// often, and a stray costs but a few closes more. The limit relaxes by a quarter for each full 10 minutes
// since it was last set, until it is forgotten beyond `longest`. Links closed before they are a second old
// tell of crowding, not of age (IdleTolerance), and are left out. One a backend, on control.
class IdleAges {
 public:
  explicit IdleAges(Duration longest);

  void closed(Duration age, TimePoint now);  // the backend closed an idle link of that age
  // The age that idle links may reach; nothing when none is known.
  std::optional<Duration> limit(TimePoint now);

 private:
  Duration longest_;
  std::deque<Duration> ages_;      // of the last closes
  std::optional<Duration> limit_;  // as it was set
  TimePoint set_at_{};
};

}  // namespace fwd
