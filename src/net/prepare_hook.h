#pragma once

#include <functional>

#include "net/handle.h"
#include "net/loop.h"

namespace fwd {

// Calls back once in each pass of the loop, before it waits for events. Loop thread only.
class PrepareHook {
 public:
  PrepareHook(Loop& loop, std::function<void()> on_prepare)
      : on_prepare_(std::move(on_prepare)),
        handle_(this, [&loop](uv_prepare_t* handle) { return uv_prepare_init(loop.uv(), handle); }) {
    uv_prepare_start(handle_.get(), [](uv_prepare_t* handle) {
      if (PrepareHook* self = Handle<uv_prepare_t, PrepareHook>::owner(handle)) self->on_prepare_();
    });
  }

 private:
  std::function<void()> on_prepare_;
  Handle<uv_prepare_t, PrepareHook> handle_;
};

}  // namespace fwd
