#pragma once

#include <prometheus/collectable.h>

#include <chrono>
#include <vector>

#include "telemetry/metric_sources.h"
#include "telemetry/series.h"

namespace fwd {

// Makes every metric from the newest snapshot and the workers' counters. Any thread, several at once; touches
// neither loops nor locks but the board's. docs/metrics.md lists what comes out.
class MetricsCollector : public prometheus::Collectable {
 public:
  explicit MetricsCollector(MetricSources sources) : sources_(std::move(sources)) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  MetricSources sources_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

// The parts of it, each with tables of its own.
void append_service_metrics(const Snapshot& snapshot,
                            const std::vector<std::shared_ptr<const WorkerCounters>>& workers, Families& out);
void append_backend_metrics(const Snapshot& snapshot, Families& out);
void append_pool_metrics(const Snapshot& snapshot, Families& out);
// The standard process_* metrics; what this system does not tell is left out.
void append_process_metrics(Families& out);

}  // namespace fwd
