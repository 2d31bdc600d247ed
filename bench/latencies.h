#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace fwd::bench {

// A histogram with 256 steps to each power of two: percentiles are within 0.4 %.
class Latencies {
 public:
  void add(std::chrono::nanoseconds latency);

  // The latency that this share (0..1) of all did not exceed; zero when there are none.
  std::chrono::nanoseconds percentile(double share) const;

 private:
  std::array<std::uint64_t, 15'000> counts_{};
  std::uint64_t total_ = 0;
};

}  // namespace fwd::bench
