#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/socket.h"

namespace fwd {

inline IpAddress ip(std::string_view text) { return parse_ip(text).value(); }
inline Endpoint loopback(std::uint16_t port = 0) { return {ip("127.0.0.1"), port}; }

inline Fd listen_on(const Endpoint& endpoint, int backlog = 128) {
  ListenOptions options;
  options.backlog = backlog;
  auto [fd, error] = listen_tcp(endpoint, options);
  EXPECT_EQ(error, "");
  return std::move(fd);
}

inline void set_nonblocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

// Not blocking; connected, or connecting when the listener's queue is full.
inline Fd connect_to(const Endpoint& endpoint, int receive_buffer = 0) {
  const SocketAddress address(endpoint);
  Fd fd(::socket(address.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (receive_buffer > 0) {
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  EXPECT_TRUE(::connect(fd.get(), address.get(), address.size()) == 0 || errno == EINPROGRESS);
  return fd;
}

// Waits for a connection that is known to come.
inline Fd accept_from(int listener) {
  int got = -1;
  do {
    got = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  } while (got < 0 && errno == EAGAIN);
  return Fd(got);
}

// Two connected TCP sockets, not blocking.
struct TcpPair {
  explicit TcpPair(int receive_buffer_of_far = 0) {
    const Fd listener = listen_on(loopback());
    far = connect_to(local_endpoint(listener.get()), receive_buffer_of_far);
    near = accept_from(listener.get());
  }
  Fd near;
  Fd far;
};

// A port that refuses: bound, so that nobody else gets it, and never listening.
struct RefusingPort {
  RefusingPort() : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const SocketAddress address(loopback());
    EXPECT_EQ(::bind(fd.get(), address.get(), address.size()), 0);
    endpoint = local_endpoint(fd.get());
  }
  Fd fd;
  Endpoint endpoint;
};

// A port that never answers: its queue holds one connection and has it.
struct SilentPort {
  SilentPort() : fd(listen_on(loopback(), 0)), endpoint(local_endpoint(fd.get())) {
    for (int i = 0; i < 3; ++i) fillers.push_back(connect_to(endpoint));
  }
  Fd fd;
  Endpoint endpoint;
  std::vector<Fd> fillers;
};

// What a peer finds on its socket now.
struct Found {
  std::string bytes;
  enum class Then { nothing, eof, reset } then = Then::nothing;

  bool operator==(const Found&) const = default;
};

inline Found take(int fd) {
  Found found;
  char buffer[65536];
  for (;;) {
    const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got > 0) {
      found.bytes.append(buffer, static_cast<std::size_t>(got));
      continue;
    }
    if (got == 0) found.then = Found::Then::eof;
    if (got < 0 && errno != EAGAIN) found.then = Found::Then::reset;
    return found;
  }
}

inline void send_text(int fd, std::string_view text) {
  EXPECT_EQ(::send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
}

// Closes with RST instead of FIN.
inline void reset_connection(Fd& fd) {
  const linger reset{1, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  fd.reset();
}

// True once the peer's kernel has everything.
inline bool all_acknowledged(int fd) {
  int left = 0;
  return ::ioctl(fd, SIOCOUTQ, &left) == 0 && left == 0;
}

}  // namespace fwd
