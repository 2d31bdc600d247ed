#include "latencies.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace fwd::bench {
namespace {

constexpr int kBits = 8;
constexpr std::uint64_t kSteps = 1 << kBits;

std::size_t step_of(std::uint64_t value) {
  if (value < kSteps) return value;
  const auto octave = static_cast<std::uint64_t>(std::bit_width(value) - kBits - 1);
  return octave * kSteps + (value >> octave);
}

std::uint64_t value_of(std::size_t step) {
  if (step < kSteps) return step;
  const std::uint64_t octave = step / kSteps - 1;
  return (step % kSteps + kSteps) << octave;
}

}  // namespace

void Latencies::add(std::chrono::nanoseconds latency) {
  ++counts_[step_of(static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0)))];
  ++total_;
}

std::chrono::nanoseconds Latencies::percentile(double share) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(total_)));
  std::uint64_t seen = 0;
  for (std::size_t step = 0; step < counts_.size() && total_ > 0; ++step) {
    seen += counts_[step];
    if (seen >= wanted) return std::chrono::nanoseconds(value_of(step));
  }
  return {};
}

}  // namespace fwd::bench
