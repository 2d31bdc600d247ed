#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/address.h"
#include "net/loop.h"

namespace fwd {

// One lookup of a host name at a time, on libuv's thread pool, so that a slow name server never holds the
// loop up. Loop thread only. Destroying it drops the answer.
class Lookup {
 public:
  // The addresses, without duplicates; nothing when the lookup failed. Never before start() returns. May
  // destroy the Lookup.
  using Done = std::function<void(std::optional<std::vector<IpAddress>>)>;

  explicit Lookup(Loop& loop) : loop_(loop) {}
  ~Lookup();
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

  void start(const std::string& host, Done done);
  bool running() const { return request_ != nullptr; }

 private:
  struct Request;
  static void resolved(uv_getaddrinfo_t* uv, int status, addrinfo* answer);

  Loop& loop_;
  Done done_;
  Request* request_ = nullptr;  // freed by its own callback
};

}  // namespace fwd
