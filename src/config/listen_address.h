#pragma once

#include <string_view>

#include "config/config.h"
#include "config/parsed.h"

namespace fwd {

// "1.2.3.4:80", "[v6]:80", ":80" (IPv4 and IPv6 on one socket) or "unix:/path". Port 0 lets the system
// choose.
Parsed<ListenAddress> parse_listen_address(std::string_view text);

// True when both cannot be bound at once: the same path, or the same port on addresses that cover each other.
bool overlap(const ListenAddress& a, const ListenAddress& b);

}  // namespace fwd
