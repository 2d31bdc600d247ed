#include "net/timer.h"

#include <algorithm>
#include <utility>

namespace fwd {

Timer::Timer(Loop& loop, std::function<void()> on_fire)
    : on_fire_(std::move(on_fire)),
      handle_(this, [&loop](uv_timer_t* timer) { return uv_timer_init(loop.uv(), timer); }) {}

void Timer::start(Duration delay) {
  due_ = clock_now() + delay;
  wait();
}

void Timer::wait() {
  using std::chrono::milliseconds;
  const auto left = std::max(std::chrono::ceil<milliseconds>(due_ - clock_now()), milliseconds(0));
  // libuv counts from the start of the pass; a long pass must not make the timer early.
  uv_update_time(handle_.get()->loop);
  uv_timer_start(
      handle_.get(),
      [](uv_timer_t* timer) {
        if (Timer* self = Handle<uv_timer_t, Timer>::owner(timer)) self->fire();
      },
      static_cast<std::uint64_t>(left.count()), 0);
}

void Timer::fire() {
  // libuv counts from the start of the millisecond, so it may be early by most of one.
  if (clock_now() < due_) return wait();
  // A copy, because the callback may destroy this object.
  const auto callback = on_fire_;
  callback();
}

}  // namespace fwd
