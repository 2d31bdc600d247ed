#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>
#include <string>

#include "core/address.h"
#include "core/dial_result.h"
#include "core/time.h"
#include "net/fd.h"

namespace fwd {

// Plain socket calls with our types. No state; any thread.

// An Endpoint as the system takes it.
class SocketAddress {
 public:
  SocketAddress() = default;
  explicit SocketAddress(const Endpoint& endpoint);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }
  socklen_t* size_pointer() { return &size_; }

  // IPv4-mapped IPv6 addresses come out as IPv4; a Unix socket as the unspecified address.
  Endpoint endpoint() const;

 private:
  union {
    sockaddr_in v4;
    sockaddr_in6 v6;
  } storage_{};
  socklen_t size_ = sizeof(storage_);
};

struct Keepalive {
  Duration idle{};
  Duration interval{};
  unsigned count = 0;
};
void set_keepalive(int fd, const Keepalive& keepalive);
void set_nodelay(int fd);
// While on, only full packets leave; switching it off sends the rest.
void set_cork(int fd, bool on);
// Urgent data is read in its place as any other byte, so that none is lost.
void set_urgent_inline(int fd);

struct ListenOptions {
  bool dual_stack = false;  // for the IPv6 any-address: take IPv4 too
  bool shared = false;      // SO_REUSEPORT: every worker binds the same address
  int backlog = 4096;
  std::optional<int> cpu{};  // of those that share the address, this one is for what this CPU receives
  Keepalive keepalive;       // accepted sockets inherit it, and TCP_NODELAY
};

struct ListenResult {
  Fd fd;
  std::string error;  // what went wrong; empty on success
};

// Bound, not listening (dual stack on a system without IPv6: IPv4 only): what tells whether an address is
// free. Sets the options that listening needs.
ListenResult bind_tcp(const Endpoint& endpoint, const ListenOptions& options);
// Bound and listening, not blocking.
ListenResult listen_tcp(const Endpoint& endpoint, const ListenOptions& options);
// Removes a stale path, refuses a live one, mode 0660.
ListenResult listen_unix(const std::string& path, int backlog);
// The address that a socket is bound to.
Endpoint local_endpoint(int fd);

// What errno after connect, or SO_ERROR, means for the backend.
DialError classify_dial_error(int error);

}  // namespace fwd
