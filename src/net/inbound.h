#pragma once

#include <optional>

#include "core/address.h"
#include "core/proxy_header.h"

namespace fwd {

// What is known of a connection before a backend is picked. Stages that read from the client (a PROXY header,
// SNI, a proxy request) fill in more; a connection that is passed through is known by its address alone.
struct Inbound {
  Endpoint client;
  std::optional<ProxyAddresses> addresses{};  // what a backend is told; nothing when there is nothing to tell
};

inline Inbound pass_through(const Endpoint& client) { return {client}; }

}  // namespace fwd
