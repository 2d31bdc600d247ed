#include "socket.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <stdexcept>
#include <string>
#include <system_error>

namespace fwd::bench {
namespace {

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

const sockaddr* generic(const sockaddr_in& address) { return reinterpret_cast<const sockaddr*>(&address); }

void set_option(const Fd& socket, int level, int name) {
  const int on = 1;
  checked(setsockopt(socket.get(), level, name, &on, sizeof on), "setsockopt");
}

Fd make_socket() {
  return Fd(checked(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket"));
}

Step outcome(ssize_t result) {
  if (result >= 0) return Step::done;
  return errno == EAGAIN || errno == EINTR ? Step::blocked : Step::failed;
}

}  // namespace

void Fd::reset() {
  if (valid()) close(std::exchange(number_, -1));
}

sockaddr_in parse_address(std::string_view text) {
  const std::size_t colon = std::min(text.rfind(':'), text.size());
  const std::string host(text.substr(0, colon));
  const std::string_view port_text = text.substr(std::min(colon + 1, text.size()));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(port_text.begin(), port_text.end(), port);
  if (error != std::errc() || end != port_text.end() ||
      inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
    throw std::invalid_argument("'" + std::string(text) + "' is not IPv4:PORT");
  }
  address.sin_port = htons(port);
  return address;
}

Fd listen_on(const sockaddr_in& address) {
  Fd listener = make_socket();
  set_option(listener, SOL_SOCKET, SO_REUSEADDR);
  set_option(listener, IPPROTO_TCP, TCP_NODELAY);  // accepted sockets inherit it
  checked(bind(listener.get(), generic(address), sizeof address), "bind");
  checked(listen(listener.get(), 4096), "listen");
  return listener;
}

Fd accept_from(const Fd& listener) {
  return Fd(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

void raise_descriptor_limit() {
  rlimit limit{};
  checked(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
  limit.rlim_cur = limit.rlim_max;
  checked(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
}

Fd start_connect(const sockaddr_in& target, in_addr source) {
  Fd socket = make_socket();
  set_option(socket, IPPROTO_TCP, TCP_NODELAY);
  if (source.s_addr != 0) {
    // The port is chosen at connect, for source and target together: 28,000 for each pair, not for each
    // source.
    set_option(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
    sockaddr_in local{};
    local.sin_family = AF_INET;
    local.sin_addr = source;
    checked(bind(socket.get(), generic(local), sizeof local), "bind");
  }
  const int result = connect(socket.get(), generic(target), sizeof target);
  return result == 0 || errno == EINPROGRESS ? std::move(socket) : Fd();
}

Step send_some(const Fd& socket, std::span<const char> data, std::size_t& offset) {
  const ssize_t sent = send(socket.get(), data.data() + offset, data.size() - offset, MSG_NOSIGNAL);
  if (sent > 0) offset += static_cast<std::size_t>(sent);
  return outcome(sent);
}

Step send_file_some(const Fd& socket, const Fd& file, std::uint64_t position, std::size_t bytes,
                    std::size_t& offset) {
  auto from = static_cast<off_t>(position);
  const ssize_t sent = sendfile(socket.get(), file.get(), &from, bytes);
  if (sent > 0) offset += static_cast<std::size_t>(sent);
  return outcome(sent);
}

Step receive_some(const Fd& socket, std::span<char> data, std::size_t& offset) {
  const ssize_t received = recv(socket.get(), data.data() + offset, data.size() - offset, 0);
  if (received > 0) offset += static_cast<std::size_t>(received);
  return received == 0 ? Step::ended : outcome(received);
}

Epoll::Epoll() : fd_(checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {}

void Epoll::add(const Fd& fd, std::uint32_t events, void* owner) {
  epoll_event event{events, {owner}};
  checked(epoll_ctl(fd_.get(), EPOLL_CTL_ADD, fd.get(), &event), "epoll_ctl");
}

void Epoll::change(const Fd& fd, std::uint32_t events, void* owner) {
  epoll_event event{events, {owner}};
  checked(epoll_ctl(fd_.get(), EPOLL_CTL_MOD, fd.get(), &event), "epoll_ctl");
}

std::span<const epoll_event> Epoll::wait(Clock::time_point until) {
  const auto left = std::max(until - Clock::now(), Clock::duration::zero());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
  const timespec timeout{seconds.count(), (left - seconds).count()};
  const int count =
      epoll_pwait2(fd_.get(), events_.data(), static_cast<int>(events_.size()), &timeout, nullptr);
  if (count < 0 && errno != EINTR) checked(count, "epoll_wait");
  return {events_.data(), static_cast<std::size_t>(std::max(count, 0))};
}

}  // namespace fwd::bench
