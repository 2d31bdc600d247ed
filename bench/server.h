#pragma once

#include "options.h"

namespace fwd::bench {

// Does what the messages of clients ask, on every address; a connection that sends nonsense is closed.
// Returns when the duration is over or SIGTERM comes, and prints how many TLS handshakes there were.
void serve(const Options& options);

}  // namespace fwd::bench
