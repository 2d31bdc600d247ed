#pragma once

#include <memory>
#include <string>
#include <vector>

#include "telemetry/counters.h"
#include "telemetry/snapshot.h"

namespace fwd {

struct BuildInfo {
  std::string version;
  std::string compiler;
  std::string libuv;
  std::string openssl;
};

// What the endpoints read. Everything in it outlives them or is shared.
struct MetricSources {
  std::shared_ptr<const SnapshotBoard> snapshots;
  std::vector<std::shared_ptr<const WorkerCounters>> workers;
  BuildInfo build;
};

}  // namespace fwd
