#include "net/socket.h"

#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace fwd {
namespace {

void set_option(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

std::string error_text(int error) { return std::generic_category().message(error); }

int whole_seconds(Duration d) {
  return static_cast<int>(
      std::max<std::chrono::seconds::rep>(std::chrono::ceil<std::chrono::seconds>(d).count(), 1));
}

sockaddr_un unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  return address;
}

bool someone_listens(const sockaddr_un& address) {
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // Only a refusal proves that nobody does; a full queue or a socket of another kind is alive.
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
         errno != ECONNREFUSED;
}

// Kernels before 6.1 take it and share connections out by their addresses all the same.
void prefer_cpu(int fd, int cpu) {
#ifdef SO_INCOMING_CPU
  ::setsockopt(fd, SOL_SOCKET, SO_INCOMING_CPU, &cpu, sizeof cpu);
#endif
}

}  // namespace

SocketAddress::SocketAddress(const Endpoint& endpoint) {
  if (endpoint.ip.v6) {
    storage_.v6.sin6_family = AF_INET6;
    storage_.v6.sin6_port = htons(endpoint.port);
    std::memcpy(&storage_.v6.sin6_addr, endpoint.ip.bytes.data(), 16);
    size_ = sizeof(sockaddr_in6);
  } else {
    storage_.v4.sin_family = AF_INET;
    storage_.v4.sin_port = htons(endpoint.port);
    std::memcpy(&storage_.v4.sin_addr, endpoint.ip.bytes.data(), 4);
    size_ = sizeof(sockaddr_in);
  }
}

Endpoint SocketAddress::endpoint() const {
  Endpoint endpoint;
  const sa_family_t family = get()->sa_family;
  if (family == AF_INET6) {
    endpoint.port = ntohs(storage_.v6.sin6_port);
    const auto* bytes = storage_.v6.sin6_addr.s6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&storage_.v6.sin6_addr)) {
      std::copy_n(bytes + 12, 4, endpoint.ip.bytes.begin());
    } else {
      endpoint.ip.v6 = true;
      std::copy_n(bytes, 16, endpoint.ip.bytes.begin());
    }
  } else if (family == AF_INET) {
    endpoint.port = ntohs(storage_.v4.sin_port);
    std::memcpy(endpoint.ip.bytes.data(), &storage_.v4.sin_addr, 4);
  }
  return endpoint;
}

void set_nodelay(int fd) { set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1); }

void set_cork(int fd, bool on) { set_option(fd, IPPROTO_TCP, TCP_CORK, on ? 1 : 0); }

void set_urgent_inline(int fd) { set_option(fd, SOL_SOCKET, SO_OOBINLINE, 1); }

void set_keepalive(int fd, const Keepalive& keepalive) {
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, whole_seconds(keepalive.idle));
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, whole_seconds(keepalive.interval));
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, static_cast<int>(keepalive.count));
}

ListenResult bind_tcp(const Endpoint& endpoint, const ListenOptions& options) {
  const SocketAddress address(endpoint);
  Fd fd(::socket(address.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd && errno == EAFNOSUPPORT && options.dual_stack)
    return bind_tcp({IpAddress{}, endpoint.port}, options);
  if (!fd) return {Fd(), error_text(errno)};
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (options.shared) set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (endpoint.ip.v6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, options.dual_stack ? 0 : 1);
  set_nodelay(fd.get());
  set_urgent_inline(fd.get());
  set_keepalive(fd.get(), options.keepalive);
  if (::bind(fd.get(), address.get(), address.size()) != 0) return {Fd(), error_text(errno)};
  return {std::move(fd), {}};
}

ListenResult listen_tcp(const Endpoint& endpoint, const ListenOptions& options) {
  ListenResult result = bind_tcp(endpoint, options);
  if (result.fd && options.cpu) prefer_cpu(result.fd.get(), *options.cpu);
  if (result.fd && ::listen(result.fd.get(), options.backlog) != 0) return {Fd(), error_text(errno)};
  return result;
}

ListenResult listen_unix(const std::string& path, int backlog) {
  const sockaddr_un address = unix_address(path);
  if (path.size() >= sizeof address.sun_path) {
    return {Fd(), "the path is longer than " + std::to_string(sizeof address.sun_path - 1) + " bytes"};
  }
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return {Fd(), error_text(errno)};
  struct stat existing {};
  if (::lstat(path.c_str(), &existing) == 0) {
    if (!S_ISSOCK(existing.st_mode)) return {Fd(), "the path exists and is not a socket"};
    if (someone_listens(address)) return {Fd(), error_text(EADDRINUSE)};
    ::unlink(path.c_str());
  }
  // The mode is right from the first moment, not only after a chmod.
  const mode_t mask = ::umask(0117);
  const bool bound = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int bind_error = errno;
  ::umask(mask);
  if (!bound) return {Fd(), error_text(bind_error)};
  if (::listen(fd.get(), backlog) != 0) return {Fd(), error_text(errno)};
  return {std::move(fd), {}};
}

Endpoint local_endpoint(int fd) {
  SocketAddress address;
  if (::getsockname(fd, address.get(), address.size_pointer()) != 0) return {};
  return address.endpoint();
}

DialError classify_dial_error(int error) {
  switch (error) {
    case ECONNREFUSED:
      return DialError::refused;
    case ETIMEDOUT:
      return DialError::timeout;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
      return DialError::unreachable;
    case ECONNRESET:
    case EPIPE:
      return DialError::reset;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:
    case EADDRINUSE:
    case EAGAIN:
      return DialError::local;
    default:
      return DialError::other;
  }
}

}  // namespace fwd
