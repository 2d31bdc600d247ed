#pragma once

#include <netinet/in.h>
#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

namespace fwd::bench {

using Clock = std::chrono::steady_clock;

// An owned descriptor.
class Fd {
 public:
  explicit Fd(int number = -1) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Fd() { reset(); }

  int get() const { return number_; }
  bool valid() const { return number_ >= 0; }
  void reset();

 private:
  int number_;
};

// "127.0.0.1:8080"; throws std::invalid_argument. What the kernel refuses is a std::system_error, here and
// below.
sockaddr_in parse_address(std::string_view text);
Fd listen_on(const sockaddr_in& address);
Fd accept_from(const Fd& listener);  // not valid when nobody waits
void raise_descriptor_limit();

// A connection on its way; not valid when the kernel refuses at once. A source of 0 leaves the choice to the
// kernel.
Fd start_connect(const sockaddr_in& target, in_addr source);

// What one read or write came to. The offset moves on by what was done.
enum class Step { done, blocked, ended, failed };
Step send_some(const Fd& socket, std::span<const char> data, std::size_t& offset);
// `bytes` of a file from `position` on, without a copy.
Step send_file_some(const Fd& socket, const Fd& file, std::uint64_t position, std::size_t bytes,
                    std::size_t& offset);
Step receive_some(const Fd& socket, std::span<char> data, std::size_t& offset);

// An epoll set whose events carry their owner's address.
class Epoll {
 public:
  Epoll();
  void add(const Fd& fd, std::uint32_t events, void* owner);
  void change(const Fd& fd, std::uint32_t events, void* owner);
  std::span<const epoll_event> wait(Clock::time_point until);

 private:
  Fd fd_;
  std::array<epoll_event, 256> events_{};
};

}  // namespace fwd::bench
