#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/counter.h"
#include "core/time.h"

namespace fwd {

// Why an idle link was given up.
enum class RetireReason {
  closed,   // the backend closed it: FIN, or close_notify
  reset,    // the backend reset it, or broke TLS
  stale,    // one of these two, but found only when the link was taken
  expired,  // older than idle_timeout or than what the backend is known to bear
  surplus,  // more than are wanted now
  left,     // the backend left the active set, or was ejected
};
inline constexpr std::size_t kRetireReasonCount = 6;

// The label value in metrics and logs.
constexpr std::string_view to_string(RetireReason reason) {
  constexpr std::array<std::string_view, kRetireReasonCount> kNames = {"closed",  "reset",   "stale",
                                                                       "expired", "surplus", "left"};
  return kNames[static_cast<std::size_t>(reason)];
}

// The most at once since the last take(). One thread raises it, another one takes.
class Peak {
 public:
  void raise(std::uint64_t value) {
    if (value > value_.load(std::memory_order_relaxed)) value_.store(value, std::memory_order_relaxed);
  }
  std::uint64_t take(std::uint64_t present) {
    return std::max(value_.exchange(present, std::memory_order_relaxed), present);
  }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// What one worker's pool of one backend counts. Written by that worker only (but for `peak`, see there), read
// by control for sizing and by the metrics. Made by control, kept until both have let go.
struct alignas(64) PoolCounters {
  Gauge idle;
  Gauge connecting;  // fills under way
  Gauge in_use;      // sessions on links of the backend
  Peak peak;         // of in_use
  Counter hits;      // links of the pool that were delivered to a session
  Counter misses;    // takes that found no link
  Counter opened;    // fills that succeeded ...
  Counter open_ns;   // ... and the time they took together, from connect to ready
  Counter fill_failures;
  std::array<Counter, kRetireReasonCount> retired;  // by RetireReason

  void count(RetireReason reason) { retired[static_cast<std::size_t>(reason)].add(); }
};

}  // namespace fwd
