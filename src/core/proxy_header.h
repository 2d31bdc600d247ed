#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/address.h"

namespace fwd {

enum class ProxyProtocol { none, v1, v2 };

// What a PROXY header says. Source: https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt
struct ProxyAddresses {
  Endpoint client;
  Endpoint server;  // where the client connected to
};

// The header for one connection, as it goes over the wire. When the two addresses are of different families,
// the IPv4 one is written as IPv4-mapped IPv6. Without addresses (a probe, a client on a Unix socket) v1 says
// UNKNOWN and v2 LOCAL, and nothing more. `authority`: v2 only, when the link speaks TLS: the name it is
// verified by, as PP2_TYPE_AUTHORITY (left out beyond 255 bytes), together with PP2_TYPE_SSL that says that
// the client itself did not use TLS; empty: no TLVs. Never called with none.
std::string proxy_header(ProxyProtocol version, const std::optional<ProxyAddresses>& addresses,
                         std::string_view authority = {});

}  // namespace fwd
