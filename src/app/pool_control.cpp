#include "app/pool_control.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "telemetry/log.h"

namespace fwd {
namespace {

// A backend that dies closes its links, too: closes are judged so much later, and dropped if it has not been
// reachable in between.
constexpr Duration kJudgement = std::chrono::seconds(1);

bool is_gone(DialError error) {
  return error == DialError::refused || error == DialError::unreachable || error == DialError::timeout;
}

std::size_t most_idle(const PoolSizing& sizing) {
  return sizing.strategy == PoolStrategy::fixed ? sizing.size_per_remote : sizing.max_size;
}

double seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace

PoolControl::Backend::Backend(const BackendId& backend, const PoolsConfig& config, std::size_t worker_count)
    : id(backend),
      sizer(config.sizing, worker_count),
      ages(config.idle_timeout),
      tolerance(most_idle(config.sizing)),
      plan(sizer.first_plan()),
      arrivals(worker_count),
      orders(worker_count),
      max_age(config.idle_timeout) {
  for (std::size_t i = 0; i < worker_count; ++i) workers.push_back(std::make_shared<PoolCounters>());
}

PoolControl::PoolControl(Loop& loop, const ServiceConfig& config, std::size_t workers, Events events)
    : config_(config), workers_(workers), events_(std::move(events)), timer_(loop, [this] { plan(); }) {}

std::vector<std::shared_ptr<PoolCounters>> PoolControl::counters(const BackendId& id, BackendKey key) {
  if (config_.pools.sizing.strategy == PoolStrategy::none) return {};
  return backends_.try_emplace(key, id, config_.pools, workers_).first->second.workers;
}

void PoolControl::set_members(const ActiveSet& set) {
  if (config_.pools.sizing.strategy == PoolStrategy::none) return;
  for (auto& [key, backend] : backends_) backend.member = false;
  for (const ActiveMember& member : set.members) {
    Backend& backend = backends_.at(member.key);
    backend.member = true;
    backend.ejected = member.ejected;
  }
  // The workers have forgotten those that left.
  for (auto& [key, backend] : backends_) {
    if (!backend.member) backend.orders.assign(workers_, {});
  }
  const TimePoint now = clock_now();
  order(now);
  if (timer_.armed()) return;
  planned_at_ = now;
  timer_.start(config_.pools.sizing.interval);
}

void PoolControl::idle_closed(BackendKey key, Duration age) {
  const auto found = backends_.find(key);
  if (found == backends_.end()) return;
  Backend& backend = found->second;
  std::size_t idle = 1;  // the one that was closed
  for (const auto& worker : backend.workers) idle += worker->idle.value();
  // Of one link a cap would leave none, and nothing to be learnt from: that is for the tolerance to decide.
  backend.closes.push_back({clock_now(), age, std::max<std::size_t>(idle, 2)});
}

void PoolControl::dial_failed(BackendKey key, DialError error) {
  const auto found = backends_.find(key);
  if (found == backends_.end() || !is_gone(error)) return;
  found->second.closes.clear();
  found->second.gone_at = clock_now();
}

void PoolControl::judge_closes(Backend& backend, TimePoint now) {
  std::deque<IdleClose>& closes = backend.closes;
  for (; !closes.empty() && now - closes.front().at >= kJudgement; closes.pop_front()) {
    const IdleClose& close = closes.front();
    if (close.at < backend.gone_at + kJudgement) continue;
    backend.ages.closed(close.age, close.at);
    // What the limit will prevent says nothing against links that are renewed in time.
    const auto limit = backend.ages.limit(close.at);
    if (!limit || close.age < *limit) backend.tolerance.closed(close.age, close.idle, close.at);
  }
}

void PoolControl::plan() {
  const TimePoint now = clock_now();
  const Duration elapsed = now - planned_at_;
  planned_at_ = now;
  timer_.start(config_.pools.sizing.interval);
  for (auto& [key, backend] : backends_) {
    judge_closes(backend, now);
    PoolPlan plan = backend.sizer.plan(take_demand(backend, now), elapsed, cap_of(backend, now));
    if (plan == backend.plan) continue;
    backend.plan = std::move(plan);
    events_.changed();
  }
  order(now);
}

PoolDemand PoolControl::take_demand(Backend& backend, TimePoint now) {
  PoolDemand demand;
  std::uint64_t hits = 0;
  std::uint64_t opened = 0;
  std::uint64_t open_ns = 0;
  for (std::size_t i = 0; i < workers_; ++i) {
    PoolCounters& counters = *backend.workers[i];
    const std::uint64_t arrivals = counters.hits.value() + counters.misses.value();
    const std::uint64_t in_use = counters.in_use.value();
    demand.workers.push_back({arrivals - backend.arrivals[i], in_use, counters.peak.take(in_use)});
    backend.arrivals[i] = arrivals;
    hits += counters.hits.value();
    opened += counters.opened.value();
    open_ns += counters.open_ns.value();
  }
  if (opened > backend.opened) {
    demand.open_time = Duration((open_ns - backend.open_ns) / (opened - backend.opened));
  }
  if (hits > backend.hits) backend.tolerance.used(hits - backend.hits, now);
  backend.hits = hits;
  backend.opened = opened;
  backend.open_ns = open_ns;
  return demand;
}

// Sends what differs from the last orders.
void PoolControl::order(TimePoint now) {
  std::vector<std::vector<PoolOrder>> news(workers_);
  for (auto& [key, backend] : backends_) {
    if (!backend.member) continue;
    std::vector<PoolOrder> orders = orders_for(key, backend, now);
    for (std::size_t i = 0; i < workers_; ++i) {
      if (orders[i] != backend.orders[i]) news[i].push_back(orders[i]);
    }
    backend.orders = std::move(orders);
  }
  for (std::size_t i = 0; i < workers_; ++i) {
    if (!news[i].empty()) events_.order(i, std::move(news[i]));
  }
}

// The most idle links that are of use with what the backend was found to bear.
std::optional<std::size_t> PoolControl::cap_of(Backend& backend, TimePoint now) {
  auto cap = backend.tolerance.cap(now);
  if (const auto age = backend.ages.limit(now)) {
    const std::size_t worthwhile = worthwhile_idle(*age, backend.sizer.arrivals_per_second());
    cap = std::min(cap.value_or(worthwhile), worthwhile);
  }
  return cap;
}

std::vector<PoolOrder> PoolControl::orders_for(BackendKey key, Backend& backend, TimePoint now) {
  const Duration max_age =
      std::min(config_.pools.idle_timeout, backend.ages.limit(now).value_or(config_.pools.idle_timeout));
  tell(backend, max_age, now);
  tell_cap(backend, now);
  std::vector<PoolOrder> orders;
  for (const std::size_t share : backend.plan.idle) {
    orders.push_back({key, backend.ejected ? 0 : share, max_age});
  }
  return orders;
}

// What was learnt of the backend goes into the log, once.
void PoolControl::tell(Backend& backend, Duration max_age, TimePoint now) {
  if (backend.max_age != max_age) {
    backend.max_age = max_age;
    events_.changed();
    log(LogModule::pool, LogLevel::info, "idle links to the backend are renewed at this age",
        {{"service", config_.name}, {"backend", to_string(backend.id)}, {"seconds", seconds(max_age)}});
  }
  const bool suspended = backend.tolerance.suspended(now);
  if (backend.suspended == suspended) return;
  backend.suspended = suspended;
  events_.changed();
  if (suspended) {
    log(LogModule::pool, LogLevel::warn,
        "the backend closes more than half of the idle links unused; none are kept for now",
        {{"service", config_.name},
         {"backend", to_string(backend.id)},
         {"seconds", seconds(backend.tolerance.suspended_until() - now)}});
  } else {
    log(LogModule::pool, LogLevel::info, "idle links to the backend are tried again",
        {{"service", config_.name}, {"backend", to_string(backend.id)}});
  }
}

void PoolControl::tell_cap(Backend& backend, TimePoint now) {
  const auto cap = backend.tolerance.suspended(now) ? std::nullopt : backend.tolerance.cap(now);
  const auto before = std::exchange(backend.cap, cap);
  if (cap != before) events_.changed();
  if (!cap || (before && *cap >= *before)) return;
  log(LogModule::pool, LogLevel::warn, "the backend turns idle links away; no more than this many are kept",
      {{"service", config_.name}, {"backend", to_string(backend.id)}, {"links", std::uint64_t{*cap}}});
}

PoolSnapshot PoolControl::snapshot(BackendKey key, TimePoint now) {
  const auto found = backends_.find(key);
  if (found == backends_.end()) return {};
  Backend& backend = found->second;
  return {.workers = {backend.workers.begin(), backend.workers.end()},
          .target = backend.plan.target,
          .peak = backend.sizer.peak(),
          .scale_ups = backend.sizer.scale_ups(),
          .scale_downs = backend.sizer.scale_downs(),
          .age_limit = backend.ages.limit(now),
          .cap = backend.tolerance.cap(now),
          .suspended = backend.suspended};
}

}  // namespace fwd
