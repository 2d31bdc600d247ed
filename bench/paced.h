#pragma once

#include "options.h"

namespace fwd::bench {

// The mode pingpong with a rate: the connections ask in turn at even times, whatever becomes of earlier
// questions. One whose answer is late asks again as soon as it has it, and the latency counts from the
// intended time.
Outcome run_paced(const Options& options);

}  // namespace fwd::bench
