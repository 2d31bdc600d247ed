#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/counter.h"
#include "core/time.h"

namespace fwd {

// A histogram summed up; `counts` has one more entry than there are bounds, the last for +Inf. Not
// cumulative.
struct HistogramData {
  std::vector<std::uint64_t> counts;
  double sum = 0;  // seconds

  void add(const HistogramData& other);
};

// Durations counted in fixed buckets. One writer, any readers; a reader may see a sample in the count and not
// yet in the sum.
class Histogram {
 public:
  // `bounds`: upper bounds in seconds, rising, at most kMaxBounds; must outlive the histogram.
  static constexpr std::size_t kMaxBounds = 20;
  explicit Histogram(std::span<const double> bounds) : bounds_(bounds) {}

  void observe(Duration d);
  HistogramData read() const;

 private:
  std::span<const double> bounds_;
  std::array<Counter, kMaxBounds + 1> counts_;
  Counter sum_ns_;
};

std::span<const double> session_bounds();   // connection_duration_seconds: 1 ms .. 6 h
std::span<const double> link_bounds();      // first_link_seconds, server_probe_duration_seconds: 50 us .. 5 s
std::span<const double> loop_lag_bounds();  // event_loop_lag_seconds: 100 us .. 5 s

enum class ErrorKind {
  accept,
  dial_timeout,
  dial_refused,
  dial_tls,
  dial_other,
  relay_reset,
  no_backend,
  limit,
  idle_timeout,
  half_close_timeout,
};
inline constexpr std::size_t kErrorKindCount = 10;
std::string_view to_string(ErrorKind kind);

// The counters of one service on one worker. Written by that worker only; made by control and kept until
// every worker has let go.
struct alignas(64) ServiceCounters {
  Counter new_connections;
  Counter ended_connections;  // active = new - ended
  Counter upstream_bytes;     // client to backend
  Counter downstream_bytes;   // backend to client
  std::array<Counter, kErrorKindCount> errors;
  Histogram connection_duration{session_bounds()};
  Histogram first_link_dialled{link_bounds()};
  Histogram first_link_pooled{link_bounds()};

  void count(ErrorKind kind) { errors[static_cast<std::size_t>(kind)].add(); }
};

// What one worker counts: a block for each service, in the order of the configuration.
struct alignas(64) WorkerCounters {
  explicit WorkerCounters(std::size_t service_count) : services(service_count) {}

  std::vector<ServiceCounters> services;
  Histogram loop_lag{loop_lag_bounds()};
};

}  // namespace fwd
