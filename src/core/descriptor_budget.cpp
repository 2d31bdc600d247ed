#include "core/descriptor_budget.h"

#include <algorithm>

namespace fwd {
namespace {

// Of 1 MiB each: as much as Linux gives to a user who is not root.
constexpr std::uint64_t kMostPipes = 64;
constexpr std::uint64_t kPipeShare = 64;

}  // namespace

DescriptorBudget plan_descriptors(const DescriptorNeeds& needs) {
  const std::uint64_t pipes = std::min(needs.limit / kPipeShare / 2 / needs.workers, kMostPipes);
  const std::uint64_t reserved = needs.reserved + 2 * pipes * needs.workers;
  const std::uint64_t left = needs.limit > reserved ? needs.limit - reserved : 0;
  const std::uint64_t carried = std::min(needs.max_connections, left / 2);
  return {carried, carried < needs.max_connections, left, pipes};
}

}  // namespace fwd
