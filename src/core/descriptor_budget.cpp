#include "core/descriptor_budget.h"

#include <algorithm>

namespace fwd {

DescriptorBudget plan_descriptors(const DescriptorNeeds& needs) {
  const std::uint64_t left = needs.limit > needs.reserved ? needs.limit - needs.reserved : 0;
  const std::uint64_t carried = std::min(needs.max_connections, left / 2);
  return {carried, carried < needs.max_connections, left};
}

}  // namespace fwd
