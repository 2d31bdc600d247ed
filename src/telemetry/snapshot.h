#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/backend.h"
#include "core/pool_counters.h"
#include "core/scoreboard.h"
#include "core/selector.h"
#include "telemetry/counters.h"

namespace fwd {

// The pools of one backend, over all workers.
struct PoolSnapshot {
  std::vector<std::shared_ptr<const PoolCounters>> workers;  // empty when it never was in the active set
  std::uint64_t target = 0;                                  // PoolPlan::target
  std::uint64_t peak = 0;                                    // most sessions at once in the last 60 intervals
  std::uint64_t scale_ups = 0;
  std::uint64_t scale_downs = 0;
  std::optional<Duration> age_limit;  // the idle age that the backend was found to bear
  std::optional<std::uint64_t> cap;   // the number of idle links that it was found to bear
  bool suspended = false;             // it punishes idle links: none are kept for a while
};

// What control publishes for readers on other threads. Immutable once published.
struct BackendSnapshot {
  BackendId id;
  Measurements measured;
  ScoreParts score;
  bool active = false;
  ProbeCounts probes;
  HistogramData probe_duration;             // link_bounds()
  std::shared_ptr<const BackendLoad> load;  // null when it never was in the active set
  PoolSnapshot pool;
};

struct ServiceSnapshot {
  std::string name;
  std::vector<BackendSnapshot> backends;  // those with series, sorted by id
  std::size_t candidates = 0;
  std::size_t active_set_size = 0;
  bool panic = false;
  std::array<std::uint64_t, kDecisionReasonCount> decisions{};
  std::uint64_t health_checks_ok = 0;  // all probes of the service, also of backends without series
  std::uint64_t health_checks_failed = 0;
};

struct Snapshot {
  std::vector<ServiceSnapshot> services;  // in the order of the configuration
  bool ready = false;
  std::string not_ready_reason;                  // for /readyz
  std::uint64_t max_connections = 0;             // effective
  std::uint64_t max_connections_configured = 0;  // as written
};

// Hands the newest snapshot from control to readers. Any thread; the lock is held for a pointer copy.
class SnapshotBoard {
 public:
  void publish(std::shared_ptr<const Snapshot> snapshot) {
    const std::lock_guard lock(mutex_);
    current_ = std::move(snapshot);
  }
  // Never null.
  std::shared_ptr<const Snapshot> current() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> current_ = std::make_shared<Snapshot>();
};

}  // namespace fwd
