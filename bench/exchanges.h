#pragma once

#include "options.h"

namespace fwd::bench {

// The modes connect and pingpong: 64-byte messages in a closed loop; every client asks
// again as soon as it is answered. A client that fails counts as an error; in the mode connect it goes on.
Outcome run_exchanges(const Options& options);

}  // namespace fwd::bench
