#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/address.h"

namespace fwd {

// A CIDR range as written: `first` is the network address (host bits cleared), `prefix` its length.
struct AddressRange {
  IpAddress first;
  int prefix = 0;
  std::uint16_t port = 0;

  int host_bits() const { return (first.v6 ? 128 : 32) - prefix; }
  // Host addresses in the range. IPv4 network and broadcast are left out below /31; in IPv6, which has no
  // broadcast, every address counts. Saturates at 2^62.
  std::uint64_t size() const;

  auto operator<=>(const AddressRange&) const = default;
};

struct HostTarget {
  std::string host;
  std::uint16_t port = 0;

  auto operator<=>(const HostTarget&) const = default;
};

struct ListFault {
  std::size_t line = 0;    // from 1
  std::size_t column = 0;  // from 1, in bytes: where the part that is wrong begins
  std::string message;     // what is wrong and what is allowed
};

// ip_list.txt read. Entries keep the order of the file; duplicates are still there.
struct TargetList {
  std::vector<Endpoint> endpoints;
  std::vector<AddressRange> ranges;
  std::vector<HostTarget> hosts;
  std::vector<ListFault> faults;

  bool empty() const { return endpoints.empty() && ranges.empty() && hosts.empty(); }
};

// A host name (RFC 1123) in lower case and without a trailing dot; nothing when the text is not one. An IPv4
// address is none, nor is what a resolver may take for one.
std::optional<std::string> parse_host_name(std::string_view text);

// Never fails: a bad line becomes a fault and the others are kept. Accepts a UTF-8 byte order mark and CRLF.
// Host names are as parse_host_name gives them. IPv6 without brackets is always an address without a port:
// 2001:db8::1:8080 is the address that ends in 8080.
TargetList parse_target_list(std::string_view text, std::uint16_t default_port);

}  // namespace fwd
