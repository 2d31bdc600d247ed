#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "core/address.h"

namespace fwd {

// The local addresses that dials and probes of a service leave from, in turn. One a user; not thread-safe.
class SourceAddresses {
 public:
  SourceAddresses() = default;
  explicit SourceAddresses(std::vector<IpAddress> addresses) : addresses_(std::move(addresses)) {}

  // The next one of the family of `to`; nothing when the system is to choose.
  std::optional<IpAddress> next_for(const IpAddress& to) {
    for (std::size_t i = 0; i < addresses_.size(); ++i) {
      const IpAddress& address = addresses_[turn_++ % addresses_.size()];
      if (address.v6 == to.v6) return address;
    }
    return std::nullopt;
  }

 private:
  std::vector<IpAddress> addresses_;
  std::size_t turn_ = 0;
};

}  // namespace fwd
