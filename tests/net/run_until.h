#pragma once

#include "net/loop.h"
#include "net/timer.h"

namespace fwd {

// Runs the loop until the fact holds, looking at least every few milliseconds, since some facts (what the
// kernel has acknowledged) make no event. False when it still does not hold at the limit.
template <class Fact>
bool run_until(Loop& loop, Fact fact, Duration limit = std::chrono::seconds(20)) {
  const TimePoint end = clock_now() + limit;
  Timer tick(loop, [&tick] { tick.start(std::chrono::milliseconds(3)); });
  tick.start(Duration::zero());
  while (!fact()) {
    if (clock_now() >= end) return false;
    loop.run_once();
  }
  return true;
}

// Passes that do not wait: gives what is due already every chance to happen.
inline void run_passes(Loop& loop, int passes = 5) {
  for (int i = 0; i < passes; ++i) loop.run_ready();
}

}  // namespace fwd
