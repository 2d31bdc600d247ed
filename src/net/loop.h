#pragma once

#include <uv.h>

#include "core/time.h"

namespace fwd {

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

 private:
  uv_loop_t loop_{};
};

// The one clock of the program.
inline TimePoint clock_now() { return std::chrono::steady_clock::now(); }

}  // namespace fwd
