#pragma once

#include <functional>

#include "net/handle.h"
#include "net/loop.h"

namespace fwd {

// Calls back on the loop for each delivery of a signal. Loop thread only.
class SignalWatch {
 public:
  SignalWatch(Loop& loop, int signal, std::function<void()> on_signal)
      : on_signal_(std::move(on_signal)),
        handle_(this, [&loop](uv_signal_t* handle) { return uv_signal_init(loop.uv(), handle); }) {
    uv_signal_start(
        handle_.get(),
        [](uv_signal_t* handle, int) {
          if (SignalWatch* self = Handle<uv_signal_t, SignalWatch>::owner(handle)) self->on_signal_();
        },
        signal);
  }

 private:
  std::function<void()> on_signal_;
  Handle<uv_signal_t, SignalWatch> handle_;
};

}  // namespace fwd
