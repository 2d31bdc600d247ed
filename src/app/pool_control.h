#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/config.h"
#include "core/active_set.h"
#include "core/dial_result.h"
#include "core/idle_ages.h"
#include "core/idle_tolerance.h"
#include "core/pool_sizer.h"
#include "net/link_pool.h"
#include "net/timer.h"
#include "telemetry/snapshot.h"

namespace fwd {

// The pools of one service, as control sees them: decides at every scaling interval how many idle links each
// worker keeps to each member, learns what the backends bear, and orders it. Idle with strategy none. Control
// loop only.
class PoolControl {
 public:
  struct Events {
    std::function<void(std::size_t worker, std::vector<PoolOrder> orders)> order;
    std::function<void()> changed;  // the snapshot is out of date
  };

  PoolControl(Loop& loop, const ServiceConfig& config, std::size_t workers, Events events);

  // For ActiveMember::pools; made for a backend's first time.
  std::vector<std::shared_ptr<PoolCounters>> counters(const BackendId& id, BackendKey key);
  // The set was published: new members get their first orders.
  void set_members(const ActiveSet& set);
  // A worker's idle link was closed by the backend. Means something only when the backend goes on answering.
  void idle_closed(BackendKey key, Duration age);
  // It was dialled or probed in vain.
  void dial_failed(BackendKey key, DialError error);
  void forget(BackendKey key) { backends_.erase(key); }
  PoolSnapshot snapshot(BackendKey key, TimePoint now);

 private:
  struct IdleClose {
    TimePoint at;
    Duration age;
    std::size_t idle;  // links, this one included
  };
  struct Backend {
    Backend(const BackendId& backend, const PoolsConfig& config, std::size_t worker_count);

    BackendId id;
    std::vector<std::shared_ptr<PoolCounters>> workers;
    PoolSizer sizer;
    IdleAges ages;
    IdleTolerance tolerance;
    std::deque<IdleClose> closes;  // not judged yet
    TimePoint gone_at = TimePoint::min();
    PoolPlan plan;
    bool member = false;
    bool ejected = false;
    // What the counters said at the last plan.
    std::vector<std::uint64_t> arrivals;
    std::uint64_t hits = 0;
    std::uint64_t opened = 0;
    std::uint64_t open_ns = 0;
    // What was said last.
    std::vector<PoolOrder> orders;  // one for each worker
    Duration max_age{};
    bool suspended = false;
    std::optional<std::size_t> cap;
  };

  void plan();
  static void judge_closes(Backend& backend, TimePoint now);
  PoolDemand take_demand(Backend& backend, TimePoint now);
  void order(TimePoint now);
  static std::optional<std::size_t> cap_of(Backend& backend, TimePoint now);
  std::vector<PoolOrder> orders_for(BackendKey key, Backend& backend, TimePoint now);
  void tell(Backend& backend, Duration max_age, TimePoint now);
  void tell_cap(Backend& backend, TimePoint now);

  const ServiceConfig& config_;
  std::size_t workers_;
  Events events_;
  std::unordered_map<BackendKey, Backend> backends_;
  TimePoint planned_at_{};
  Timer timer_;
};

}  // namespace fwd
