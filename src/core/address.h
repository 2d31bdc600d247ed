#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fwd {

// An IPv4 or IPv6 address, network byte order. IPv4 uses the first four bytes, the rest are zero. IPv4 sorts
// before IPv6, then by value. IPv6 zone identifiers are not supported.
struct IpAddress {
  bool v6 = false;
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const IpAddress&) const = default;
};

struct Endpoint {
  IpAddress ip;
  std::uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;
};

// Strict dotted-quad IPv4 (no leading zeros) or RFC 4291 IPv6 text, without brackets; nothing else.
std::optional<IpAddress> parse_ip(std::string_view text);
// A decimal number up to `max`, without sign or leading zeros.
std::optional<unsigned> parse_decimal(std::string_view text, unsigned max);
// The same in 1..65535.
std::optional<std::uint16_t> parse_port(std::string_view text);

std::string to_string(const IpAddress& ip);       // RFC 5952 form for IPv6
std::string to_string(const Endpoint& endpoint);  // "1.2.3.4:80", "[2001:db8::1]:80"

// The same on every machine and in every run, so that forwarders side by side agree.
std::uint64_t stable_hash(const Endpoint& endpoint);

struct EndpointHash {
  std::size_t operator()(const Endpoint& endpoint) const {
    return static_cast<std::size_t>(stable_hash(endpoint));
  }
};

}  // namespace fwd
