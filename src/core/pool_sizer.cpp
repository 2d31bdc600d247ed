#include "core/pool_sizer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace fwd {
namespace {

constexpr double kLoss = 0.001;
constexpr double kOpenTimeAlpha = 0.3;
constexpr double kAssumedOpenSeconds = 0.05;
// Below one arrival an hour an average is but the tail of what has ended.
constexpr double kNoArrivals = 1.0 / 3600;
// Added to each worker's arrivals when links are apportioned: a few arrivals more or less must not throw
// links from one worker to another.
constexpr double kEvenArrivals = 1;
constexpr double kApart = 1.75;

double to_seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

// What is whole but for the rounding of floating point stays whole.
double rounded_up(double value) { return std::ceil(value - 1e-9); }

template <typename Values>
auto sum(const Values& values) {
  return std::accumulate(values.begin(), values.end(), typename Values::value_type{});
}

std::uint64_t in_use(const PoolDemand& demand) {
  std::uint64_t sessions = 0;
  for (const PoolDemand::Worker& worker : demand.workers) sessions += worker.in_use;
  return sessions;
}

// Whole shares on their way to exact ones.
struct Sharing {
  std::vector<std::size_t>& shares;
  std::vector<double> lack;  // of each worker

  void give(std::size_t i) {
    ++shares[i];
    --lack[i];
  }
  void take(std::size_t i) {
    --shares[i];
    ++lack[i];
  }
  std::size_t neediest() const {
    return static_cast<std::size_t>(std::max_element(lack.begin(), lack.end()) - lack.begin());
  }
  // Of those that have a link; somebody must.
  std::size_t richest() const {
    std::size_t best = lack.size();
    for (std::size_t i = 0; i < lack.size(); ++i) {
      if (shares[i] > 0 && (best == lack.size() || lack[i] < lack[best])) best = i;
    }
    return best;
  }
  void reach(std::size_t total) {
    std::size_t held = sum(shares);
    for (; held < total; ++held) give(neediest());
    for (; held > total; --held) take(richest());
  }
  // More than one link apart would do; the rest keeps a link from going to and fro.
  void even_out() {
    if (sum(shares) == 0) return;
    for (;;) {
      const std::size_t from = richest();
      const std::size_t to = neediest();
      if (lack[to] - lack[from] <= kApart) return;
      take(from);
      give(to);
    }
  }
};

}  // namespace

std::size_t links_for_load(double load, double loss, std::size_t most) {
  if (load <= 0) return 0;
  std::size_t links = 0;
  double lost = 1;  // of all arrivals, with so many links
  while (lost > loss && links < most) {
    ++links;
    lost = load * lost / (static_cast<double>(links) + load * lost);
  }
  return links;
}

PoolSizer::Rate::Rate(Duration time_constant) : time_constant_(to_seconds(time_constant)) {}

void PoolSizer::Rate::add(std::uint64_t arrivals, Duration elapsed) {
  const double seconds = std::max(to_seconds(elapsed), 0.001);
  const double kept = std::exp(-seconds / time_constant_);
  sum_ = kept * sum_ + (1 - kept) * static_cast<double>(arrivals) / seconds;
  weight_ = kept * weight_ + (1 - kept);
}

PoolSizer::PoolSizer(const PoolSizing& sizing, std::size_t workers) : sizing_(sizing), workers_(workers) {
  const PoolPlan first = first_plan();
  target_ = first.target;
  shares_ = first.idle;
}

PoolPlan PoolSizer::plan(const PoolDemand& demand, Duration elapsed, std::optional<std::size_t> cap) {
  observe(demand, elapsed);
  const std::size_t most = cap.value_or(std::numeric_limits<std::size_t>::max());
  std::size_t target = 0;
  switch (sizing_.strategy) {
    case PoolStrategy::none:
      break;
    case PoolStrategy::fixed:
      target = sizing_.size_per_remote;
      apportion(std::min(target, most));
      break;
    case PoolStrategy::dynamic:
      target = dynamic_target();
      apportion(std::min(dynamic_idle(target, in_use(demand)), most));
      break;
    case PoolStrategy::predictive:
      share_by_load(most);
      target = sum(shares_) + static_cast<std::size_t>(in_use(demand));
      break;
  }
  if (target > target_) ++scale_ups_;
  if (target < target_) ++scale_downs_;
  target_ = target;
  return {target_, shares_};
}

PoolPlan PoolSizer::first_plan() const {
  std::size_t total = bounded(0);
  if (sizing_.strategy == PoolStrategy::none) total = 0;
  if (sizing_.strategy == PoolStrategy::fixed) total = sizing_.size_per_remote;

  PoolPlan plan{total, {}};
  const std::size_t workers = workers_.size();
  for (std::size_t i = 0; i < workers; ++i) {
    plan.idle.push_back(total / workers + (i < total % workers ? 1 : 0));
  }
  return plan;
}

double PoolSizer::arrivals_per_second() const {
  double rate = 0;
  for (const Worker& worker : workers_) rate += worker.slow.damped();
  return rate;
}

std::uint64_t PoolSizer::peak() const {
  std::uint64_t peak = 0;
  for (const Worker& worker : workers_) peak += *std::max_element(worker.peaks.begin(), worker.peaks.end());
  return peak;
}

void PoolSizer::observe(const PoolDemand& demand, Duration elapsed) {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    const PoolDemand::Worker& seen = demand.workers[i];
    workers_[i].fast.add(seen.arrivals, elapsed);
    workers_[i].slow.add(seen.arrivals, elapsed);
    workers_[i].peaks[interval_] = std::max(seen.peak, seen.in_use);
  }
  interval_ = (interval_ + 1) % kPeakIntervals;

  if (!demand.open_time) return;
  const double seconds = to_seconds(*demand.open_time);
  const double before = open_seconds_.value_or(seconds);
  open_seconds_ = kOpenTimeAlpha * seconds + (1 - kOpenTimeAlpha) * before;
}

std::size_t PoolSizer::bounded(double size) const {
  const double least = static_cast<double>(sizing_.min_size);
  const double most = static_cast<double>(sizing_.max_size);
  return static_cast<std::size_t>(std::min(std::max(size, least), most));
}

std::size_t PoolSizer::dynamic_target() const {
  const double buffered = static_cast<double>(peak()) * (1 + sizing_.target_buffer_ratio);
  const std::size_t wanted = bounded(rounded_up(buffered));
  if (wanted > target_) return target_ + std::min(wanted - target_, sizing_.scale_up_increment);
  return target_ - std::min(target_ - wanted, sizing_.scale_down_increment);
}

std::size_t PoolSizer::dynamic_idle(std::size_t target, std::uint64_t in_use) const {
  const double buffer = rounded_up(static_cast<double>(target) * sizing_.target_buffer_ratio);
  const double unused = static_cast<double>(target) - static_cast<double>(in_use);
  return static_cast<std::size_t>(std::min(std::max(unused, buffer), static_cast<double>(sizing_.max_size)));
}

void PoolSizer::share_by_load(std::size_t most) {
  std::vector<std::size_t> own;
  for (const Worker& worker : workers_) {
    const double rate = std::max(worker.fast.mean(), worker.slow.mean());
    const double load = rate < kNoArrivals ? 0 : rate * open_seconds_.value_or(kAssumedOpenSeconds);
    own.push_back(links_for_load(load, kLoss, sizing_.max_size));
  }
  const std::size_t total = sum(own);
  const std::size_t allowed = std::min(bounded(static_cast<double>(total)), most);
  if (total == allowed) {
    shares_ = std::move(own);
  } else {
    apportion(allowed);
  }
}

void PoolSizer::apportion(std::size_t total) {
  const bool changed = sum(shares_) != total;
  Sharing sharing{shares_, exact_shares(total)};
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    sharing.lack[i] -= static_cast<double>(shares_[i]);
    sharing.lack[i] += workers_[i].owed;
  }
  sharing.reach(total);
  for (std::size_t i = 0; i < workers_.size(); ++i) sharing.lack[i] -= workers_[i].owed;
  sharing.even_out();

  if (!changed) return;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    workers_[i].owed = std::clamp(workers_[i].owed + sharing.lack[i], -1.0, 1.0);
  }
}

std::vector<double> PoolSizer::exact_shares(std::size_t total) const {
  std::vector<double> shares;
  for (const Worker& worker : workers_) shares.push_back(worker.slow.damped() + kEvenArrivals);
  const double weights = sum(shares);
  for (double& share : shares) share *= static_cast<double>(total) / weights;
  return shares;
}

}  // namespace fwd
