#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>

#include "core/address.h"

namespace fwd {

// What makes a backend the same backend, everywhere: in the list, in scores, pools and metric labels. Two
// host names of one address are two backends where TLS verifies the name.
struct BackendId {
  Endpoint endpoint;
  std::string name{};  // the host name in the list, where TLS verifies it; else empty

  auto operator<=>(const BackendId&) const = default;
};

// "1.2.3.4:443", or "1.2.3.4:443/name".
inline std::string to_string(const BackendId& id) {
  return to_string(id.endpoint) + (id.name.empty() ? "" : "/" + id.name);
}

struct BackendIdHash {
  std::size_t operator()(const BackendId& id) const {
    return EndpointHash{}(id.endpoint) ^ std::hash<std::string>{}(id.name);
  }
};

// Short name of a backend's record within one service. Never reused while the process lives.
using BackendKey = std::uint64_t;

// Load of one backend over all workers; one of the two things that workers share on the data path, so it has
// a cache line of its own. Any thread; relaxed. `picks` is also the metric lb_requests_total.
class alignas(64) BackendLoad {
 public:
  void begin() { picks_.fetch_add(1, std::memory_order_relaxed); }
  void end() { ended_.fetch_add(1, std::memory_order_relaxed); }

  std::uint64_t picks() const { return picks_.load(std::memory_order_relaxed); }
  // Sessions and dials in progress. A reader that races with a writer may be one off, never wrapped.
  std::uint64_t in_use() const {
    const std::uint64_t ended = ended_.load(std::memory_order_relaxed);
    const std::uint64_t begun = picks_.load(std::memory_order_relaxed);
    return begun > ended ? begun - ended : 0;
  }

 private:
  std::atomic<std::uint64_t> picks_{0};
  std::atomic<std::uint64_t> ended_{0};
};

}  // namespace fwd
