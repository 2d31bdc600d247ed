#pragma once

#include <atomic>
#include <cstdint>

namespace fwd {

// Counts the sessions of the whole process against max_connections; the second of the two things that workers
// share on the data path. Any thread.
class Admission {
 public:
  explicit Admission(std::uint64_t most) : most_(most) {}
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  // Takes a place. False when there is none: then leave() will tell that somebody waits.
  bool enter() {
    while (count_.fetch_add(1) >= most_) {
      count_.fetch_sub(1);
      waiting_.store(true);
      // A place that was freed before the flag stood must not be missed.
      if (count_.load() >= most_) return false;
    }
    return true;
  }

  // Takes a place beyond the limit.
  void enter_anyway() { count_.fetch_add(1); }

  std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }

  // Gives the place back. True when somebody waits: the caller then wakes every worker.
  bool leave() {
    count_.fetch_sub(1);
    return waiting_.load() && waiting_.exchange(false);
  }

  // Gives the place back for want of a descriptor, and waits for the next session to end. Nobody is woken:
  // they would find no descriptor either, give their places back, and so wake each other for ever.
  void wait() {
    count_.fetch_sub(1);
    waiting_.store(true);
  }

 private:
  const std::uint64_t most_;
  alignas(64) std::atomic<std::uint64_t> count_{0};
  std::atomic<bool> waiting_{false};
};

}  // namespace fwd
