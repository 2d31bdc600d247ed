#include "config/listen_address.h"

#include <algorithm>

namespace fwd {
namespace {

using Result = Parsed<ListenAddress>;
using Kind = ListenAddress::Kind;

constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::size_t kLongestUnixPath = 107;  // sun_path of Linux, less its final zero

Result parse_unix(std::string_view path) {
  if (!path.starts_with('/')) return Result::bad("needs an absolute path after unix:");
  if (path.size() > kLongestUnixPath) return Result::bad("has a path of more than 107 bytes");
  ListenAddress address;
  address.kind = Kind::unix_path;
  address.path = path;
  return Result::ok(address);
}

std::optional<std::uint16_t> parse_listen_port(std::string_view text) {
  if (text == "0") return std::uint16_t{0};
  return parse_port(text);
}

Parsed<IpAddress> parse_host(std::string_view host) {
  const bool brackets = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
  const auto ip = parse_ip(brackets ? host.substr(1, host.size() - 2) : host);
  if (ip && ip->v6 == brackets) return Parsed<IpAddress>::ok(*ip);
  if (ip && ip->v6) return Parsed<IpAddress>::bad("needs brackets round the IPv6 address");
  if (host.find(':') != std::string_view::npos && !brackets) {
    return Parsed<IpAddress>::bad("needs an IPv6 address in brackets and a port after it");
  }
  return Parsed<IpAddress>::bad("does not begin with an IP address");
}

bool is_any(const IpAddress& ip) {
  return std::all_of(ip.bytes.begin(), ip.bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

// Every address that `other` stands for is one of `any` too.
bool covers(const ListenAddress& any, const ListenAddress& other) {
  if (!is_any(any.endpoint.ip)) return false;
  return any.dual_stack || (any.endpoint.ip.v6 == other.endpoint.ip.v6 && !other.dual_stack);
}

}  // namespace

Parsed<ListenAddress> parse_listen_address(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) return parse_unix(text.substr(kUnixPrefix.size()));
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.ends_with(']')) return Result::bad("has no port");
  const auto port = parse_listen_port(text.substr(colon + 1));
  if (!port) return Result::bad("does not end in a port from 0 to 65535");

  ListenAddress address;
  address.endpoint.port = *port;
  if (colon == 0) {
    address.endpoint.ip.v6 = true;
    address.dual_stack = true;
    return Result::ok(address);
  }
  Parsed<IpAddress> host = parse_host(text.substr(0, colon));
  if (!host.value) return Result::bad(std::move(host.wrong));
  address.endpoint.ip = *host.value;
  return Result::ok(address);
}

bool overlap(const ListenAddress& a, const ListenAddress& b) {
  if (a.kind != b.kind) return false;
  if (a.kind == Kind::unix_path) return a.path == b.path;
  if (a.endpoint.port != b.endpoint.port || a.endpoint.port == 0) return false;
  return a == b || covers(a, b) || covers(b, a);
}

std::string to_string(const ListenAddress& address) {
  if (address.kind == Kind::unix_path) return std::string(kUnixPrefix) + address.path;
  if (address.dual_stack) return ":" + std::to_string(address.endpoint.port);
  return to_string(address.endpoint);
}

}  // namespace fwd
