#pragma once

#include <memory>
#include <vector>

#include "core/backend.h"
#include "core/pool_counters.h"
#include "core/time.h"

namespace fwd {

struct ActiveMember {
  BackendKey key = 0;
  BackendId id;
  std::shared_ptr<BackendLoad> load;
  Duration connect_time{};  // latency EWMA when the set was published; 0 when not known
  bool ejected = false;     // in the set for want of a better one (panic): no link is kept ready
  std::vector<std::shared_ptr<PoolCounters>> pools{};  // one for each worker
};

// What control publishes to every worker; immutable once published (shared_ptr<const ActiveSet>).
struct ActiveSet {
  std::vector<ActiveMember> members;
};

}  // namespace fwd
