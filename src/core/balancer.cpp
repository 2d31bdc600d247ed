#include "core/balancer.h"

#include <algorithm>
#include <array>

namespace fwd {
namespace {

// In the order of the enumeration.
constexpr std::array<std::string_view, 5> kNames = {"least_connections", "round_robin", "random", "p2c",
                                                    "source_hash"};

using Tried = std::span<const BackendKey>;
using Choice = std::optional<std::size_t>;

bool contains(Tried tried, BackendKey key) {
  return std::find(tried.begin(), tried.end(), key) != tried.end();
}

std::size_t count_untried(const ActiveSet& set, Tried tried) {
  return static_cast<std::size_t>(
      std::count_if(set.members.begin(), set.members.end(),
                    [tried](const ActiveMember& member) { return !contains(tried, member.key); }));
}

// Index of the n-th untried member, from 0; there must be one.
std::size_t nth_untried(const ActiveSet& set, Tried tried, std::uint64_t n) {
  std::size_t i = 0;
  while (contains(tried, set.members[i].key) || n-- > 0) ++i;
  return i;
}

Choice fewest_in_use(const ActiveSet& set, Tried tried, Random& random) {
  Choice best;
  std::uint64_t fewest = 0;
  std::uint64_t ties = 0;
  for (std::size_t i = 0; i < set.members.size(); ++i) {
    if (contains(tried, set.members[i].key)) continue;
    const std::uint64_t in_use = set.members[i].load->in_use();
    if (!best || in_use < fewest) {
      best = i;
      fewest = in_use;
      ties = 1;
    } else if (in_use == fewest && random.below(++ties) == 0) {
      best = i;
    }
  }
  return best;
}

Choice next_in_turn(const ActiveSet& set, Tried tried, std::size_t& turn) {
  const std::size_t size = set.members.size();
  for (std::size_t step = 0; step < size; ++step) {
    const std::size_t i = (turn % size + step) % size;
    if (contains(tried, set.members[i].key)) continue;
    turn = i + 1;
    return i;
  }
  return std::nullopt;
}

Choice any(const ActiveSet& set, Tried tried, Random& random) {
  const std::size_t untried = count_untried(set, tried);
  if (untried == 0) return std::nullopt;
  return nth_untried(set, tried, random.below(untried));
}

bool less_loaded(const ActiveMember& a, const ActiveMember& b) {
  const std::uint64_t a_load = a.load->in_use() + 1;
  const std::uint64_t b_load = b.load->in_use() + 1;
  // An unknown connect time would multiply to nothing and draw every connection.
  if (a.connect_time == Duration::zero() || b.connect_time == Duration::zero()) return a_load < b_load;
  return a_load * static_cast<std::uint64_t>(a.connect_time.count()) <
         b_load * static_cast<std::uint64_t>(b.connect_time.count());
}

Choice better_of_two(const ActiveSet& set, Tried tried, Random& random) {
  const std::size_t untried = count_untried(set, tried);
  if (untried < 2) return any(set, tried, random);
  const std::uint64_t first = random.below(untried);
  const std::uint64_t other = random.below(untried - 1);
  const std::size_t a = nth_untried(set, tried, first);
  const std::size_t b = nth_untried(set, tried, other < first ? other : other + 1);
  return less_loaded(set.members[b], set.members[a]) ? b : a;
}

Choice highest_weight(const ActiveSet& set, Tried tried, const IpAddress& client) {
  const std::uint64_t client_hash = stable_hash({client, 0});
  Choice best;
  std::uint64_t highest = 0;
  for (std::size_t i = 0; i < set.members.size(); ++i) {
    const ActiveMember& member = set.members[i];
    if (contains(tried, member.key)) continue;
    const std::uint64_t weight = Random(client_hash ^ stable_hash(member.id.endpoint)).next();
    if (best && weight <= highest) continue;
    best = i;
    highest = weight;
  }
  return best;
}

}  // namespace

std::optional<BalancingAlgorithm> parse_balancing_algorithm(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<BalancingAlgorithm>(found - kNames.begin());
}

std::string_view to_string(BalancingAlgorithm algorithm) {
  return kNames[static_cast<std::size_t>(algorithm)];
}

std::optional<std::size_t> Balancer::pick(const ActiveSet& set, const IpAddress& client, Tried tried) {
  switch (algorithm_) {
    case BalancingAlgorithm::least_connections:
      return fewest_in_use(set, tried, random_);
    case BalancingAlgorithm::round_robin:
      return next_in_turn(set, tried, turn_);
    case BalancingAlgorithm::random:
      return any(set, tried, random_);
    case BalancingAlgorithm::p2c:
      return better_of_two(set, tried, random_);
    case BalancingAlgorithm::source_hash:
      return highest_weight(set, tried, client);
  }
  return std::nullopt;
}

}  // namespace fwd
