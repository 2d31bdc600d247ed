#pragma once

#include "options.h"

namespace fwd::bench {

// The mode idle: opens every connection and uses it once, moves options.bytes over each in each direction,
// holds all of them in silence, and uses each once more. Says "holding N" on stderr when the silence begins.
Outcome run_idle(const Options& options);

}  // namespace fwd::bench
