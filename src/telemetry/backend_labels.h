#pragma once

#include <cstddef>

#include "telemetry/series.h"
#include "telemetry/snapshot.h"

namespace fwd {

// The labels of the series of service.backends[index]. The backend is "ip:port", or "ip:port/name" where
// another of the service has the same endpoint: no two get the same labels.
Labels backend_labels(const ServiceSnapshot& service, std::size_t index);

}  // namespace fwd
