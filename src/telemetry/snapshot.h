#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/backend.h"
#include "core/scoreboard.h"
#include "core/selector.h"
#include "telemetry/counters.h"

namespace fwd {

// What control publishes for readers on other threads. Immutable once published.
struct BackendSnapshot {
  BackendId id;
  Measurements measured;
  ScoreParts score;
  bool active = false;
  ProbeCounts probes;
  HistogramData probe_duration;             // link_bounds()
  std::shared_ptr<const BackendLoad> load;  // null when it never was in the active set
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
