#pragma once

#include <memory>
#include <string>

#include "telemetry/metric_sources.h"

namespace fwd {

// Serves the metrics path, /healthz and /readyz with civetweb, on civetweb's own threads, from snapshots and
// counters only. Stops and joins in its destructor.
class Endpoints {
 public:
  // `address` as civetweb's listening_ports takes it: "127.0.0.1:9099", "[::1]:9099", "+9099" for both
  // families; IPv6 only where civetweb is built with it, which Debian's is not. On failure returns null and
  // says why in `error`.
  static std::unique_ptr<Endpoints> start(const std::string& address, const std::string& metrics_path,
                                          MetricSources sources, std::string& error);
  virtual ~Endpoints() = default;
  // The port in use; differs from the one asked for when that was 0.
  virtual int port() const = 0;
};

}  // namespace fwd
