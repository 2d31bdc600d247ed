#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/backend.h"
#include "core/target_list.h"

namespace fwd {

struct ResolvedHost {
  HostTarget host;
  std::vector<IpAddress> addresses;
  std::string name{};  // BackendId::name of its backends
};

struct CandidateList {
  std::vector<BackendId> backends;  // no duplicates
  std::uint64_t listed = 0;  // addresses that the list stands for, duplicates counted; saturates at 2^62
  bool sampled = false;      // true when not every address could be kept
};

// The addresses of the list, at most `max_candidates`. Single addresses and resolved hosts come first; ranges
// share what is left, sampled evenly over their concatenation. Where single addresses alone are too many,
// they are sampled evenly. An address that is single and in a sampled range takes two places, so that there
// may be slightly fewer than `max_candidates`. The same list always gives the same sample. Cost grows with
// the length of the list and max_candidates, not with the size of the ranges.
CandidateList expand_candidates(const TargetList& list, std::span<const ResolvedHost> resolved,
                                std::size_t max_candidates);

// The addresses of one host name over successive lookups: a failed lookup keeps the last answer, and an
// address goes after three successful answers in a row without it.
class HostAddresses {
 public:
  void answered(std::span<const IpAddress> addresses);
  std::vector<IpAddress> current() const;  // sorted

 private:
  std::map<IpAddress, int> missed_;  // address -> answers in a row without it
};

}  // namespace fwd
