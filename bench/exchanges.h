#pragma once

#include "options.h"

namespace fwd::bench {

// The modes that exchange 64-byte messages: connect, pingpong and idle. A closed loop: every client asks
// again as soon as it is answered. A client that fails counts as an error; in the mode connect it goes on.
Outcome run_exchanges(const Options& options);

}  // namespace fwd::bench
