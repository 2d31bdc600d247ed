#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <span>

#ifdef __linux__
#include <sys/syscall.h>
#endif

namespace fwd {

// The calls of which every session makes several, straight to the system where that is possible: the C
// library's are points of thread cancellation, which costs two atomic operations each (docs/performance.md).

inline ssize_t receive(int fd, std::span<std::byte> into) {
#ifdef SYS_recvfrom
  return ::syscall(SYS_recvfrom, fd, into.data(), into.size(), 0, nullptr, nullptr);
#else
  return ::recv(fd, into.data(), into.size(), 0);
#endif
}

inline ssize_t send(int fd, std::span<const std::byte> from) {
#ifdef SYS_sendto
  return ::syscall(SYS_sendto, fd, from.data(), from.size(), MSG_NOSIGNAL, nullptr, 0);
#else
  return ::send(fd, from.data(), from.size(), MSG_NOSIGNAL);
#endif
}

inline void close_descriptor(int fd) {
#ifdef SYS_close
  ::syscall(SYS_close, fd);
#else
  ::close(fd);
#endif
}

}  // namespace fwd
