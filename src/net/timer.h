#pragma once

#include <functional>

#include "core/time.h"
#include "net/handle.h"
#include "net/loop.h"

namespace fwd {

// A one-shot timer for the few long-lived clocks of a loop; per-session deadlines use Deadlines. Loop thread
// only. The callback may destroy the Timer. Resolution: a millisecond, never early.
class Timer {
 public:
  Timer(Loop& loop, std::function<void()> on_fire);

  void start(Duration delay);  // replaces the time that was set
  void stop() { uv_timer_stop(handle_.get()); }
  bool armed() const { return uv_is_active(reinterpret_cast<const uv_handle_t*>(handle_.get())) != 0; }

 private:
  void wait();
  void fire();

  std::function<void()> on_fire_;
  TimePoint due_;
  Handle<uv_timer_t, Timer> handle_;
};

}  // namespace fwd
