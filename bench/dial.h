#pragma once

#include "link.h"
#include "options.h"

namespace fwd::bench {

// Begins the connection of this number: the addresses take turns, and so do the sources. Not valid when the
// kernel refuses at once.
Link dial(const Options& options, std::uint64_t number, const Tls* tls = nullptr);

}  // namespace fwd::bench
