#pragma once

#include <chrono>
#include <memory>

#include "telemetry/metric_sources.h"

namespace fwd::test {

// Two workers and one service, "web", with one backend that has a history and one that is new. The numbers
// are all different, so that a test sees which went where.
struct SampleSources {
  std::shared_ptr<SnapshotBoard> board = std::make_shared<SnapshotBoard>();
  std::vector<std::shared_ptr<WorkerCounters>> workers = {std::make_shared<WorkerCounters>(1),
                                                          std::make_shared<WorkerCounters>(1)};
  std::shared_ptr<BackendLoad> load = std::make_shared<BackendLoad>();
  std::vector<std::shared_ptr<PoolCounters>> pools = {std::make_shared<PoolCounters>(),
                                                      std::make_shared<PoolCounters>()};

  SampleSources() {
    board->publish(std::make_shared<Snapshot>(snapshot()));
    workers[0]->services[0].new_connections.add(10);
    workers[1]->services[0].new_connections.add(5);
    workers[1]->services[0].ended_connections.add(4);
    workers[0]->services[0].upstream_bytes.add(1000);
    workers[1]->services[0].downstream_bytes.add(2000);
    workers[0]->services[0].count(ErrorKind::dial_refused);
    workers[1]->services[0].count(ErrorKind::dial_refused);
    workers[0]->services[0].connection_duration.observe(std::chrono::milliseconds(750));
    workers[1]->services[0].connection_duration.observe(std::chrono::hours(7));
    workers[1]->services[0].first_link_dialled.observe(std::chrono::microseconds(100));
    workers[0]->services[0].first_link_pooled.observe(std::chrono::microseconds(50));
    workers[1]->services[0].first_link_pooled.observe(std::chrono::milliseconds(1));
    workers[1]->loop_lag.observe(std::chrono::milliseconds(2));
    for (int i = 0; i < 6; ++i) load->begin();
    for (int i = 0; i < 2; ++i) load->end();
    use_pool(*pools[0], 1);
    use_pool(*pools[1], 10);
  }

  static void use_pool(PoolCounters& pool, std::uint64_t factor) {
    pool.idle.set(1 * factor);
    pool.connecting.set(2 * factor);
    pool.in_use.set(5 * factor);
    pool.hits.add(7 * factor);
    pool.misses.add(3 * factor);
    pool.opened.add(9 * factor);
    pool.fill_failures.add(4 * factor);
    for (std::size_t i = 0; i < kRetireReasonCount; ++i) pool.retired[i].add((i + 11) * factor);
  }

  MetricSources sources() const {
    return {board, {workers[0], workers[1]}, {"1.2.3", "gcc 12", "1.44", "3.0"}};
  }

  Snapshot snapshot() const {
    Snapshot snapshot;
    snapshot.services = {{.name = "web",
                          .backends = {known_backend(), new_backend()},
                          .candidates = 7,
                          .active_set_size = 3,
                          .panic = true,
                          .health_checks_ok = 40,
                          .health_checks_failed = 2}};
    snapshot.services[0].decisions[static_cast<std::size_t>(DecisionReason::improved)] = 9;
    snapshot.ready = true;
    snapshot.max_connections = 900;
    snapshot.max_connections_configured = 25000;
    return snapshot;
  }

  BackendSnapshot known_backend() const {
    BackendSnapshot backend;
    backend.id.endpoint = {parse_ip("10.0.0.1").value(), 80};
    backend.measured.latency_ms = 12.5;
    backend.measured.jitter_ms = 0.25;
    backend.measured.success = 0.75;
    backend.measured.consecutive_failures = 4;
    backend.score = {.latency = 45, .jitter = 14, .success_rate = 30, .penalty = 5, .bonus = 1, .total = 85};
    backend.active = true;
    backend.probes.successes = 31;
    backend.probes.failures[static_cast<std::size_t>(DialError::timeout)] = 8;
    Histogram durations(link_bounds());
    durations.observe(std::chrono::microseconds(50));
    durations.observe(std::chrono::milliseconds(3));
    backend.probe_duration = durations.read();
    backend.load = load;
    backend.pool = known_pool();
    return backend;
  }

  PoolSnapshot known_pool() const {
    return {.workers = {pools[0], pools[1]},
            .target = 120,
            .peak = 98,
            .scale_ups = 13,
            .scale_downs = 6,
            .age_limit = std::chrono::milliseconds(2400),
            .cap = 25,
            .suspended = true};
  }

  static BackendSnapshot new_backend() {
    BackendSnapshot backend;
    backend.id.endpoint = {parse_ip("2001:db8::1").value(), 443};
    return backend;
  }
};

}  // namespace fwd::test
