#pragma once

#include "options.h"

namespace fwd::bench {

// Moves options.bytes in each direction, split over the streams; every byte is compared. An operation is a
// stream that moved all of its bytes; its latency is the whole time from connect.
Outcome run_bulk(const Options& options);

}  // namespace fwd::bench
