#pragma once

namespace fwd::bench {

// SIGTERM asks the server and endless streams to end in good order; it also ends a wait of theirs.
void stop_on_sigterm();
bool stop_requested();

}  // namespace fwd::bench
