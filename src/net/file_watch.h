#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/time.h"
#include "net/timer.h"

namespace fwd {

// Calls back when a file changes, appears or is replaced. Looks at it every `interval` by stat, which also
// sees a rename over it and works on every file system. What it compares with first is the file at
// construction, so that a change after a reading that came later cannot be missed. Loop thread only; the
// callback must not destroy it.
class FileWatch {
 public:
  FileWatch(Loop& loop, std::string path, Duration interval, std::function<void()> on_change);

 private:
  struct Look {
    std::uint64_t device;
    std::uint64_t inode;
    std::uint64_t size;
    std::int64_t seconds;
    std::int64_t nanoseconds;

    bool operator==(const Look&) const = default;
  };

  std::optional<Look> look();
  void check();

  Loop& loop_;
  std::string path_;
  Duration interval_;
  std::function<void()> on_change_;
  std::optional<Look> last_;
  Timer timer_;
};

}  // namespace fwd
