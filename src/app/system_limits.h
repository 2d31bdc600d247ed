#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/descriptor_budget.h"

namespace fwd {

// CPUs that this process may use: its affinity, cut by the CPU quota of its cgroup (version 2), at least 1.
unsigned usable_cpus();
// The numbers of the CPUs in its affinity; empty when the system does not tell.
std::vector<int> allowed_cpus();
// The quota in a cgroup's cpu.max ("50000 100000", "max 100000"), rounded up to whole CPUs.
std::optional<unsigned> cpu_quota(std::string_view cpu_max);

// Raises the soft limit of descriptors to the hard one and returns it.
std::uint64_t raise_descriptor_limit();
// What the process may carry, with what it needs for itself set aside.
DescriptorBudget descriptor_budget(const Config& config, unsigned workers, std::uint64_t limit);

}  // namespace fwd
