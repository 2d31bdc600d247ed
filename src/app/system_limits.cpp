#include "app/system_limits.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

namespace fwd {
namespace {

// Standard streams, log, list, metrics server with its connections, name lookups, and room to spare.
constexpr std::uint64_t kProcessDescriptors = 96;
// Two epoll sets, the loop's own descriptors.
constexpr std::uint64_t kLoopDescriptors = 8;

std::string cgroup_cpu_max() {
  std::string path;
  std::ifstream cgroups("/proc/self/cgroup");
  for (std::string line; std::getline(cgroups, line);) {
    if (line.starts_with("0::")) path = line.substr(3);
  }
  std::ifstream file("/sys/fs/cgroup" + path + "/cpu.max");
  std::string text;
  std::getline(file, text);
  return text;
}

}  // namespace

std::optional<unsigned> cpu_quota(std::string_view cpu_max) {
  std::istringstream in{std::string(cpu_max)};
  double quota = 0;
  double period = 0;
  if (!(in >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;
  return static_cast<unsigned>((quota + period - 1) / period);
}

std::vector<int> allowed_cpus() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  std::vector<int> cpus;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed)) cpus.push_back(cpu);
  }
  return cpus;
}

unsigned usable_cpus() {
  auto cpus = static_cast<unsigned>(allowed_cpus().size());
  if (const auto quota = cpu_quota(cgroup_cpu_max())) cpus = std::min(cpus, *quota);
  return std::max(cpus, 1U);
}

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

DescriptorBudget descriptor_budget(const Config& config, unsigned workers, std::uint64_t limit) {
  std::uint64_t reserved = kProcessDescriptors + kLoopDescriptors * (workers + 1);
  for (const ServiceConfig& service : config.services) {
    reserved += service.server.listen.size() * workers + service.remotes.probing.initial.max_concurrency;
  }
  return plan_descriptors(
      {.limit = limit, .reserved = reserved, .max_connections = config.max_connections, .workers = workers});
}

}  // namespace fwd
