#include "core/proxy_header.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace fwd {
namespace {

constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr char kLocal = 0x20;  // version 2, command LOCAL
constexpr char kProxy = 0x21;
constexpr char kUnspecified = 0x00;
constexpr char kTcp4 = 0x11;
constexpr char kTcp6 = 0x21;
constexpr char kTypeAuthority = 0x02;
constexpr char kTypeSsl = 0x20;
constexpr std::size_t kLongestAuthority = 255;
// No flag of PP2_CLIENT_*, and no certificate of the client was verified.
constexpr std::string_view kPlainClient("\0\0\0\0\1", 5);

IpAddress as_v6(const IpAddress& ip) {
  if (ip.v6) return ip;
  IpAddress mapped{true, {}};
  mapped.bytes[10] = mapped.bytes[11] = 0xff;
  std::copy_n(ip.bytes.begin(), 4, mapped.bytes.begin() + 12);
  return mapped;
}

ProxyAddresses in_one_family(ProxyAddresses addresses) {
  if (addresses.client.ip.v6 == addresses.server.ip.v6) return addresses;
  addresses.client.ip = as_v6(addresses.client.ip);
  addresses.server.ip = as_v6(addresses.server.ip);
  return addresses;
}

std::string v1_header(const ProxyAddresses& a) {
  return std::string("PROXY ") + (a.client.ip.v6 ? "TCP6 " : "TCP4 ") + to_string(a.client.ip) + ' ' +
         to_string(a.server.ip) + ' ' + std::to_string(a.client.port) + ' ' + std::to_string(a.server.port) +
         "\r\n";
}

std::string two_bytes(std::size_t value) {
  return {static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
}

std::string ip_bytes(const IpAddress& ip) { return {ip.bytes.begin(), ip.bytes.begin() + (ip.v6 ? 16 : 4)}; }

std::string tlv(char type, std::string_view value) {
  return type + two_bytes(value.size()) + std::string(value);
}

std::string tlvs(std::string_view authority) {
  if (authority.empty()) return {};
  const std::string name = authority.size() <= kLongestAuthority ? tlv(kTypeAuthority, authority) : "";
  return name + tlv(kTypeSsl, kPlainClient);
}

std::string v2_header(char command, char family, std::string_view rest) {
  return std::string(kSignature) + command + family + two_bytes(rest.size()) + std::string(rest);
}

std::string v2_header(const ProxyAddresses& a, std::string_view authority) {
  const std::string rest = ip_bytes(a.client.ip) + ip_bytes(a.server.ip) + two_bytes(a.client.port) +
                           two_bytes(a.server.port) + tlvs(authority);
  return v2_header(kProxy, a.client.ip.v6 ? kTcp6 : kTcp4, rest);
}

}  // namespace

std::string proxy_header(ProxyProtocol version, const std::optional<ProxyAddresses>& addresses,
                         std::string_view authority) {
  const bool v1 = version == ProxyProtocol::v1;
  if (!addresses) return v1 ? "PROXY UNKNOWN\r\n" : v2_header(kLocal, kUnspecified, "");
  const ProxyAddresses written = in_one_family(*addresses);
  return v1 ? v1_header(written) : v2_header(written, authority);
}

}  // namespace fwd
