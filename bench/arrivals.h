#pragma once

#include "options.h"

namespace fwd::bench {

// The mode arrivals: an open loop. Connections are begun at times that do not depend on how those before them
// fare; each exchanges one message, stays until its session time is over, and closes. A latency counts from
// the intended start to the answer.
Outcome run_arrivals(const Options& options);

}  // namespace fwd::bench
