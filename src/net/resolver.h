#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/address.h"
#include "net/timer.h"

namespace fwd {

// One lookup of a host name at a time, on libuv's thread pool, so that a slow name server never holds the
// loop up. Loop thread only. Destroying it drops the answer.
class Lookup {
 public:
  // The addresses, without duplicates; nothing when the lookup failed. Never before start() returns. May
  // destroy the Lookup.
  using Done = std::function<void(std::optional<std::vector<IpAddress>>)>;

  explicit Lookup(Loop& loop) : loop_(loop), refused_(loop, [this] { finish(std::nullopt); }) {}
  ~Lookup();
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

  void start(const std::string& host, Done done);
  bool running() const { return request_ != nullptr || refused_.armed(); }

 private:
  struct Request;
  void finish(std::optional<std::vector<IpAddress>> addresses);
  static void resolved(uv_getaddrinfo_t* uv, int status, addrinfo* answer);

  Loop& loop_;
  Done done_;
  Request* request_ = nullptr;  // freed by its own callback
  Timer refused_;               // for what fails before it begins
};

}  // namespace fwd
