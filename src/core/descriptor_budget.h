#pragma once

#include <cstddef>
#include <cstdint>

namespace fwd {

struct DescriptorNeeds {
  std::uint64_t limit = 0;     // descriptors this process may have
  std::uint64_t reserved = 0;  // what the process needs itself: loops, listeners, probes, log, endpoints
  std::uint64_t max_connections = 0;  // as configured
  std::uint64_t workers = 1;
};

struct DescriptorBudget {
  std::uint64_t max_connections = 0;  // effective; 0 when the limit cannot carry a single session
  bool lowered = false;
  std::uint64_t sessions_and_links = 0;  // after the reserve: idle links have what sessions leave
  std::size_t pipes_per_worker = 0;
};

// Two descriptors a session after the reserve; to pipes, which spare only work, at most a 64th of all.
DescriptorBudget plan_descriptors(const DescriptorNeeds& needs);

}  // namespace fwd
