#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/time.h"

namespace fwd {

enum class PoolStrategy { none, fixed, dynamic, predictive };  // fixed: "static" in config.yaml

struct PoolSizing {
  PoolStrategy strategy = PoolStrategy::dynamic;
  std::size_t size_per_remote = 50;  // fixed
  std::size_t min_size = 20;         // dynamic and predictive: for all workers together
  std::size_t max_size = 500;
  Duration interval = std::chrono::seconds(1);
  double target_buffer_ratio = 0.2;
  std::size_t scale_up_increment = 10;
  std::size_t scale_down_increment = 5;

  bool operator==(const PoolSizing&) const = default;
};

// What the workers saw of one backend since the last plan.
struct PoolDemand {
  struct Worker {
    std::uint64_t arrivals = 0;  // links asked for: hits and misses
    std::uint64_t in_use = 0;    // sessions, now
    std::uint64_t peak = 0;      // the most sessions at once
  };
  std::vector<Worker> workers;
  std::optional<Duration> open_time;  // mean time to open a link; nothing when none was opened
};

struct PoolPlan {
  std::size_t target = 0;         // idle plus in use that is aimed at (fixed: idle)
  std::vector<std::size_t> idle;  // wanted idle links, for each worker
  bool operator==(const PoolPlan&) const = default;
};

// The smallest number of links with which at most `loss` of the arrivals find none, but no more than `most`,
// each taken link being replaced at once: the Erlang loss formula (Erlang 1917), by its recurrence. `load`:
// arrival rate x time to open a link.
std::size_t links_for_load(double load, double loss, std::size_t most);

// How many idle links one backend should have, and on which worker. One a service and backend, on control.
//
//  fixed       size_per_remote idle
//  dynamic     target moves by at most the increments towards
//              clamp(ceil(peak x (1 + target_buffer_ratio)), min_size, max_size), peak being the sum over the
//              workers of the most sessions at once in the last 60 intervals; idle is
//              max(target - in use, ceil(target x target_buffer_ratio))
//  predictive  for each worker the smallest number of links with which at most one arrival in 1,000 misses
//              (links_for_load), by the larger of a fast and a slow average of its arrivals; the sum within
//              min_size and max_size
//
// A total is apportioned by the workers' arrivals (their slow average), in whole links. A link moves from one
// worker to another only where they are clearly more than a link out of proportion, or where the total
// changes. What rounding then takes from a worker is owed to it at the next change, so that remainders go
// round, but never without a cause.
class PoolSizer {
 public:
  PoolSizer(const PoolSizing& sizing, std::size_t workers);

  // Called every `elapsed`, normally sizing.interval. `demand` has as many workers as were given above.
  // `cap`: the most idle links that the backend bears, where that is known.
  PoolPlan plan(const PoolDemand& demand, Duration elapsed, std::optional<std::size_t> cap = std::nullopt);
  // What to begin with, before there is any demand.
  PoolPlan first_plan() const;

  double arrivals_per_second() const;  // slow averages, summed over the workers
  std::uint64_t peak() const;          // over the last 60 intervals, summed over the workers
  std::uint64_t scale_ups() const { return scale_ups_; }  // times that the target was raised
  std::uint64_t scale_downs() const { return scale_downs_; }

 private:
  static constexpr std::size_t kPeakIntervals = 60;

  // An exponential average of arrivals a second.
  class Rate {
   public:
    explicit Rate(Duration time_constant);
    void add(std::uint64_t arrivals, Duration elapsed);
    double mean() const { return weight_ > 0 ? sum_ / weight_ : 0; }  // from the first sample on
    double damped() const { return sum_; }                            // rises from 0 as evidence comes in

   private:
    double time_constant_;  // seconds
    double sum_ = 0;
    double weight_ = 0;  // of all samples, below 1
  };
  struct Worker {
    Rate fast{std::chrono::seconds(2)};
    Rate slow{std::chrono::seconds(60)};
    std::array<std::uint64_t, kPeakIntervals> peaks{};
    double owed = 0;  // links that rounding took from it
  };

  void observe(const PoolDemand& demand, Duration elapsed);
  std::size_t bounded(double size) const;
  std::size_t dynamic_target() const;
  std::size_t dynamic_idle(std::size_t target, std::uint64_t in_use) const;
  void share_by_load(std::size_t most);
  void apportion(std::size_t total);
  std::vector<double> exact_shares(std::size_t total) const;

  PoolSizing sizing_;
  std::vector<Worker> workers_;
  std::vector<std::size_t> shares_;  // wanted idle links, for each worker
  std::size_t interval_ = 0;         // the place in Worker::peaks to write next
  std::optional<double> open_seconds_;
  std::size_t target_ = 0;
  std::uint64_t scale_ups_ = 0;
  std::uint64_t scale_downs_ = 0;
};

}  // namespace fwd
