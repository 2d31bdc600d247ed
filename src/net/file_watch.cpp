#include "net/file_watch.h"

#include <utility>

namespace fwd {

FileWatch::FileWatch(Loop& loop, std::string path, Duration interval, std::function<void()> on_change)
    : loop_(loop),
      path_(std::move(path)),
      interval_(interval),
      on_change_(std::move(on_change)),
      last_(look()),
      timer_(loop, [this] { check(); }) {
  timer_.start(interval_);
}

// Nothing when the file is not there now.
std::optional<FileWatch::Look> FileWatch::look() {
  uv_fs_t request;
  std::optional<Look> seen;
  if (uv_fs_stat(loop_.uv(), &request, path_.c_str(), nullptr) == 0) {
    const uv_stat_t& stat = request.statbuf;
    seen = Look{stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtim.tv_sec, stat.st_mtim.tv_nsec};
  }
  uv_fs_req_cleanup(&request);
  return seen;
}

void FileWatch::check() {
  timer_.start(interval_);
  const std::optional<Look> now = look();
  if (!now || now == last_) return;
  last_ = now;
  on_change_();
}

}  // namespace fwd
