#include "net/loop.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "net/poller.h"

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
  while (!leaked && uv_run(&loop_, UV_RUN_DEFAULT) != 0) {
  }
  if (uv_loop_close(&loop_) != 0) {
    std::fputs("tcp-forwarder: handles leaked at the end of a loop:\n", stderr);
    uv_print_all_handles(&loop_, stderr);
    std::abort();
  }
}

void Loop::run() {
  while (!std::exchange(stopped_, false) && (poller_ != nullptr || uv_loop_alive(&loop_) != 0)) pass(true);
}

void Loop::pass(bool may_wait) {
  if (before_waiting_) before_waiting_();
  if (poller_ == nullptr) {
    uv_run(&loop_, may_wait ? UV_RUN_ONCE : UV_RUN_NOWAIT);
    return;
  }
  uv_update_time(&loop_);
  int timeout_ms = may_wait ? uv_backend_timeout(&loop_) : 0;
  if (std::exchange(libuv_due_, false) || timeout_ms == 0) {
    uv_run(&loop_, UV_RUN_NOWAIT);
    timeout_ms = 0;  // its callbacks may have changed what there is to wait for
  }
  libuv_due_ = poller_->wait(timeout_ms);
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
