#pragma once

#include <uv.h>

#include <functional>
#include <utility>

#include "core/time.h"

namespace fwd {

// The one clock of the program.
inline TimePoint clock_now() { return std::chrono::steady_clock::now(); }

class Poller;

// One libuv loop. Where it has a Poller, that one waits for both: sockets are served without libuv between,
// which is called only when a descriptor or timer of its own is due. Belongs to the thread that runs it; made
// and destroyed there or while no thread runs it. Every handle on it must be gone (its owner destroyed)
// before the loop is: the destructor lets close callbacks run, and a handle that is left over is printed and
// ends the process, since it is our bug.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Until stop(), or, without a Poller, until nothing is left to wait for.
  void run();
  // One pass; waits for events when there are none yet.
  void run_once() { pass(true); }
  // One pass for what is due already.
  void run_ready() { pass(false); }
  // Ends run() after the pass that is under way; same thread only.
  void stop() { stopped_ = true; }

  uv_loop_t* uv() { return &loop_; }
  // Work on libuv's threads (name lookups) has not come back. The destructor waits for it.
  bool has_requests() const { return loop_.active_reqs.count > 0; }

  // Time at the start of the present batch of events, for stamps that need no more than that.
  TimePoint now() const { return now_; }
  // Called where a batch begins.
  TimePoint update_now();
  // How long the batches since the last call kept everybody else waiting; zero when there were none.
  Duration take_busy_time();

  // For the Poller and the PrepareHook that belong to this loop; null when they go.
  void set_poller(Poller* poller) { poller_ = poller; }
  void set_before_waiting(std::function<void()> call) { before_waiting_ = std::move(call); }

 private:
  void pass(bool may_wait);

  uv_loop_t loop_{};
  Poller* poller_ = nullptr;
  std::function<void()> before_waiting_;
  bool libuv_due_ = false;
  bool stopped_ = false;
  TimePoint now_ = clock_now();
  TimePoint busy_since_{};  // zero when no batch has begun
};

}  // namespace fwd
