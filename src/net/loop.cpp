#include "net/loop.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace fwd {

Loop::Loop() {
  if (uv_loop_init(&loop_) != 0) {
    std::fputs("tcp-forwarder: the system gives no event loop (out of memory or descriptors)\n", stderr);
    std::abort();
  }
}

Loop::~Loop() {
  bool leaked = false;
  uv_walk(
      &loop_,
      [](uv_handle_t* handle, void* found) { *static_cast<bool*>(found) |= uv_is_closing(handle) == 0; },
      &leaked);
  // What is left now are close callbacks, and name lookups that cannot be cancelled.
  // More than one run when a stop() is left over.
  while (!leaked && uv_run(&loop_, UV_RUN_DEFAULT) != 0) {
  }
  if (uv_loop_close(&loop_) != 0) {
    std::fputs("tcp-forwarder: handles leaked at the end of a loop:\n", stderr);
    uv_print_all_handles(&loop_, stderr);
    std::abort();
  }
}

TimePoint Loop::update_now() {
  now_ = clock_now();
  if (busy_since_ == TimePoint{}) busy_since_ = now_;
  return now_;
}

Duration Loop::take_busy_time() {
  if (busy_since_ == TimePoint{}) return Duration::zero();
  return clock_now() - std::exchange(busy_since_, TimePoint{});
}

}  // namespace fwd
