#pragma once

#include <atomic>
#include <cstdint>

namespace fwd {

// A counter with one writing thread and any number of reading ones: a plain load and store, no locked
// instruction.
class Counter {
 public:
  void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// The same for a number that goes up and down.
class Gauge {
 public:
  void add() { set(value() + 1); }
  void subtract() { set(value() - 1); }
  void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace fwd
