#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/time.h"
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

// Serves the metrics path, /healthz and /readyz with civetweb, on civetweb's own threads, from snapshots and
// counters only. Stops and joins in its destructor.
class Endpoints {
 public:
  // `address` as civetweb's listening_ports takes it: "127.0.0.1:9099", "[::1]:9099", "+9099" for both
  // families. On failure returns null and says why in `error`.
  static std::unique_ptr<Endpoints> start(const std::string& address, const std::string& metrics_path,
                                          MetricSources sources, std::string& error);
  virtual ~Endpoints() = default;
  // The port in use; differs from the one asked for when that was 0.
  virtual int port() const = 0;
};

}  // namespace fwd
