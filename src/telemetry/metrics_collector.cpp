#include "telemetry/metrics_collector.h"

#include "telemetry/log.h"

namespace fwd {
namespace {

using prometheus::MetricType;

struct ProcessView {
  Labels labels;
  const Snapshot& snapshot;
  const BuildInfo& build;
  double uptime_seconds;
};

constexpr FamilySpec<ProcessView> kProcessFamilies[] = {
    {"tcp_forwarder_uptime_seconds", MetricType::Gauge, "Time since the process started serving metrics.",
     [](const ProcessView& v, Series& out) { out.add(v.uptime_seconds); }},
    {"tcp_forwarder_ready", MetricType::Gauge, "1 while /readyz answers 200.",
     [](const ProcessView& v, Series& out) { out.add(v.snapshot.ready); }},
    {"tcp_forwarder_build_info", MetricType::Gauge, "What runs, in the labels; the value is always 1.",
     [](const ProcessView& v, Series& out) {
       out.add(1, {{"version", v.build.version},
                   {"compiler", v.build.compiler},
                   {"libuv", v.build.libuv},
                   {"openssl", v.build.openssl}});
     }},
    {"tcp_forwarder_max_connections", MetricType::Gauge,
     "Most sessions at once: as configured, and in effect after the limit of descriptors.",
     [](const ProcessView& v, Series& out) {
       out.add(v.snapshot.max_connections_configured, {{"kind", "configured"}});
       out.add(v.snapshot.max_connections, {{"kind", "effective"}});
     }},
    {"tcp_forwarder_log_dropped_lines_total", MetricType::Counter,
     "Lines of the log that were lost: the queue was full, or the output failed.",
     [](const ProcessView&, Series& out) { out.add(log_dropped()); }},
};

struct WorkerView {
  Labels labels;
  const WorkerCounters& counters;
};

constexpr FamilySpec<WorkerView> kWorkerFamilies[] = {
    {"tcp_forwarder_event_loop_lag_seconds", MetricType::Histogram,
     "How long one pass of a worker's loop kept everybody else there waiting.",
     [](const WorkerView& v, Series& out) { out.add(v.counters.loop_lag.read(), loop_lag_bounds()); }},
};

}  // namespace

std::vector<prometheus::MetricFamily> MetricsCollector::Collect() const {
  const std::shared_ptr<const Snapshot> snapshot = sources_.snapshots->current();
  const std::chrono::duration<double> uptime = std::chrono::steady_clock::now() - started_;
  std::vector<WorkerView> workers;
  for (std::size_t i = 0; i < sources_.workers.size(); ++i) {
    workers.push_back({{{"worker", std::to_string(i)}}, *sources_.workers[i]});
  }

  Families families;
  append_service_metrics(*snapshot, sources_.workers, families);
  append_backend_metrics(*snapshot, families);
  append_pool_metrics(*snapshot, families);
  append_families(kWorkerFamilies, workers, families);
  const std::vector<ProcessView> process = {{{}, *snapshot, sources_.build, uptime.count()}};
  append_families(kProcessFamilies, process, families);
  append_process_metrics(families);
  return families;
}

}  // namespace fwd
