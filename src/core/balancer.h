#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "core/active_set.h"
#include "core/random.h"

namespace fwd {

enum class BalancingAlgorithm { least_connections, round_robin, random, p2c, source_hash };

std::optional<BalancingAlgorithm> parse_balancing_algorithm(std::string_view name);
std::string_view to_string(BalancingAlgorithm algorithm);

// Picks the member for a connection. One a service and worker; not thread-safe.
//  least_connections  fewest in use over all workers, ties at random
//  round_robin        in turn, from a random member on, so that workers do not march in step
//  random             uniform
//  p2c                of two different members at random the one with the lower (in_use + 1) x connect_time
//                     (power of two choices, Mitzenmacher 2001); by in_use alone where one is not measured
//  source_hash        rendezvous (highest random weight, Thaler and Ravishankar 1998) over client IP and
//                     backend id; the next best member follows when the best was tried
class Balancer {
 public:
  Balancer(BalancingAlgorithm algorithm, Random random)
      : algorithm_(algorithm), random_(random), turn_(static_cast<std::size_t>(random_.next())) {}

  // Index into set.members of a member whose key is not in `tried`; nothing when none is left. Allocates
  // nothing.
  std::optional<std::size_t> pick(const ActiveSet& set, const IpAddress& client,
                                  std::span<const BackendKey> tried);

 private:
  BalancingAlgorithm algorithm_;
  Random random_;
  std::size_t turn_;  // of round_robin: the member to try next, modulo the size of the set
};

}  // namespace fwd
