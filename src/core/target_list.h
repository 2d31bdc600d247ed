#pragma once

#include <cstddef>
#include <cstdint>
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

  // Host addresses in the range; IPv4 network and broadcast left out below /31. Saturates at 2^62.
  std::uint64_t size() const;
};

struct HostTarget {
  std::string host;
  std::uint16_t port = 0;

  auto operator<=>(const HostTarget&) const = default;
};

struct ListFault {
  std::size_t line = 0;    // from 1
  std::size_t column = 0;  // from 1
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

// Never fails: a bad line becomes a fault and the others are kept. Accepts a UTF-8 byte order mark and CRLF.
TargetList parse_target_list(std::string_view text, std::uint16_t default_port);

}  // namespace fwd
