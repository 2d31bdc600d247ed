#pragma once

#include <sys/ioctl.h>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "net/sockets.h"

namespace fwd {

inline std::size_t bytes_waiting(int fd) {
  int bytes = 0;
  return ::ioctl(fd, FIONREAD, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
}

// A backend that takes what comes, when asked to.
class PlainBackend {
 public:
  // Those that have come by now are added.
  std::vector<Fd>& links() {
    for (;;) {
      Fd accepted(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!accepted) return links_;
      links_.push_back(std::move(accepted));
    }
  }
  std::size_t count() { return links().size(); }
  // On how many of them the other side has spoken.
  std::size_t spoken() {
    return static_cast<std::size_t>(
        std::ranges::count_if(links(), [](const Fd& fd) { return fd && bytes_waiting(fd.get()) > 0; }));
  }
  const Endpoint& endpoint() const { return endpoint_; }
  // Meanwhile its port refuses; the links live on.
  void close_listener() {
    links();
    listener_.reset();
  }
  void open_listener() { listener_ = listening(endpoint_); }

 private:
  static Fd listening(const Endpoint& on) {
    Fd fd = listen_on(on, 1024);
    set_nonblocking(fd.get());
    return fd;
  }

  Fd listener_ = listening(loopback());
  Endpoint endpoint_ = local_endpoint(listener_.get());
  std::vector<Fd> links_;  // in the order of their coming
};

}  // namespace fwd
