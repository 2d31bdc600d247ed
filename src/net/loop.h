#pragma once

#include <uv.h>

#include "core/time.h"

namespace fwd {

// The one clock of the program.
inline TimePoint clock_now() { return std::chrono::steady_clock::now(); }

// One libuv loop. Belongs to the thread that runs it; made and destroyed there or while no thread runs it.
// Every handle on it must be gone (its owner destroyed) before the loop is: the destructor lets close
// callbacks run, and a handle that is left over is printed and ends the process, since it is our bug.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void run() { uv_run(&loop_, UV_RUN_DEFAULT); }
  // One pass; waits for events when there are none yet.
  void run_once() { uv_run(&loop_, UV_RUN_ONCE); }
  // Ends run() after the pass that is under way; same thread only.
  void stop() { uv_stop(&loop_); }

  uv_loop_t* uv() { return &loop_; }
  // Work on libuv's threads (name lookups) has not come back. The destructor waits for it.
  bool has_requests() const { return loop_.active_reqs.count > 0; }

  // Time at the start of the present batch of events, for stamps that need no more than that.
  TimePoint now() const { return now_; }
  // Called where a batch begins.
  TimePoint update_now();
  // How long the batches since the last call kept everybody else waiting; zero when there were none.
  Duration take_busy_time();

 private:
  uv_loop_t loop_{};
  TimePoint now_ = clock_now();
  TimePoint busy_since_{};  // zero when no batch has begun
};

}  // namespace fwd
