#pragma once

#include "options.h"

namespace fwd::bench {

// Moves options.bytes in each direction, split over the streams; every byte is compared. An operation is a
// stream that moved all of its bytes; its latency is the whole time from connect. With 0 bytes the streams
// have no end: the time or SIGTERM ends them, which is no error.
Outcome run_bulk(const Options& options);

}  // namespace fwd::bench
