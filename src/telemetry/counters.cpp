#include "telemetry/counters.h"

#include <algorithm>

namespace fwd {
namespace {

constexpr double kNanosecondsPerSecond = 1e9;

constexpr std::array kSessionBounds = {0.001, 0.005, 0.01, 0.05,  0.1,   0.5,    1.0,    5.0,    10.0,
                                       30.0,  60.0,  300., 600.0, 1800., 3600.0, 7200.0, 21600.0};
constexpr std::array kLinkBounds = {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                    0.025,   0.05,   0.1,     0.25,   0.5,   1.0,    2.5,   5.0};
constexpr std::array kLoopLagBounds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                       0.05,   0.1,     0.25,   0.5,   1.0,    2.5,   5.0};
static_assert(kSessionBounds.size() <= Histogram::kMaxBounds);
static_assert(kLinkBounds.size() <= Histogram::kMaxBounds);
static_assert(kLoopLagBounds.size() <= Histogram::kMaxBounds);

constexpr std::array<std::string_view, kErrorKindCount> kErrorKindNames = {
    "accept",      "dial_timeout", "dial_refused", "dial_tls",     "dial_other",
    "relay_reset", "no_backend",   "limit",        "idle_timeout", "half_close_timeout",
};

}  // namespace

void HistogramData::add(const HistogramData& other) {
  counts.resize(std::max(counts.size(), other.counts.size()));
  for (std::size_t i = 0; i < other.counts.size(); ++i) counts[i] += other.counts[i];
  sum += other.sum;
}

void Histogram::observe(Duration d) {
  const auto elapsed_ns = std::max(d, Duration::zero()).count();
  const double seconds = static_cast<double>(elapsed_ns) / kNanosecondsPerSecond;
  // A bucket counts what is less than or equal to its bound.
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), seconds) - bounds_.begin();
  counts_[static_cast<std::size_t>(bucket)].add();
  sum_ns_.add(static_cast<std::uint64_t>(elapsed_ns));
}

HistogramData Histogram::read() const {
  HistogramData data;
  data.counts.reserve(bounds_.size() + 1);
  for (std::size_t i = 0; i <= bounds_.size(); ++i) data.counts.push_back(counts_[i].value());
  data.sum = static_cast<double>(sum_ns_.value()) / kNanosecondsPerSecond;
  return data;
}

std::span<const double> session_bounds() { return kSessionBounds; }
std::span<const double> link_bounds() { return kLinkBounds; }
std::span<const double> loop_lag_bounds() { return kLoopLagBounds; }

std::string_view to_string(ErrorKind kind) { return kErrorKindNames[static_cast<std::size_t>(kind)]; }

}  // namespace fwd
