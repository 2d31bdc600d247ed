#pragma once

#include <functional>
#include <string>

#include "core/time.h"
#include "net/handle.h"
#include "net/loop.h"

namespace fwd {

// Calls back when a file changes, appears or is replaced. Looks at it every `interval` by stat, which also
// sees a rename over it and works on every file system. Loop thread only.
class FileWatch {
 public:
  FileWatch(Loop& loop, const std::string& path, Duration interval, std::function<void()> on_change)
      : on_change_(std::move(on_change)),
        handle_(this, [&loop](uv_fs_poll_t* handle) { return uv_fs_poll_init(loop.uv(), handle); }) {
    uv_fs_poll_start(
        handle_.get(),
        [](uv_fs_poll_t* handle, int status, const uv_stat_t*, const uv_stat_t*) {
          FileWatch* self = Handle<uv_fs_poll_t, FileWatch>::owner(handle);
          if (self != nullptr && status == 0) self->on_change_();
        },
        path.c_str(),
        static_cast<unsigned>(std::chrono::duration_cast<std::chrono::milliseconds>(interval).count()));
  }

 private:
  std::function<void()> on_change_;
  Handle<uv_fs_poll_t, FileWatch> handle_;
};

}  // namespace fwd
