#include <string_view>

#include "config/checks.h"
#include "config/listen_address.h"

namespace fwd {
namespace {

// An address that will be bound, and where that is said: at the key, or at the entry that inherits it.
struct Bound {
  ListenAddress address;
  Place place;
  std::string key;
};

void collect(const Draft& draft, const std::string& path, const std::vector<ListenAddress>& addresses,
             std::vector<Bound>& bound) {
  Place place = draft.place;
  if (const Given* given = draft.find_given(path)) {
    if (given->faulty) return;
    if (given->key == draft.prefix + path) place = given->place;
  }
  for (const ListenAddress& address : addresses) bound.push_back({address, place, draft.prefix + path});
}

std::string clash(const Bound& later, const Bound& earlier) {
  const std::string address = quote(to_string(later.address));
  if (later.address == earlier.address && later.key == earlier.key) return address + " is listed twice";
  if (later.address == earlier.address) return address + " is taken by " + earlier.key;
  return address + " overlaps with " + quote(to_string(earlier.address)) + " of " + earlier.key;
}

void check_listeners(const Draft& top, const std::vector<Draft>& services, Faults& faults) {
  std::vector<Bound> bound;
  for (const Draft& draft : services) {
    collect(draft, "server.listen_addr", draft.service.server.listen, bound);
  }
  if (top.metrics.enabled) collect(top, "metrics.listen_addr", {top.metrics.listen}, bound);
  for (std::size_t i = 0; i < bound.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!overlap(bound[i].address, bound[j].address)) continue;
      const bool i_is_later = bound[j].place <= bound[i].place;
      const Bound& later = i_is_later ? bound[i] : bound[j];
      const Bound& earlier = i_is_later ? bound[j] : bound[i];
      faults.add(later.place, later.key, clash(later, earlier) + "; allowed: an address of its own");
    }
  }
}

void check_metrics_path(const Draft& top, Faults& faults) {
  const Given* given = top.find_given("metrics.path");
  if (given == nullptr) return;
  for (const std::string_view taken : {"/healthz", "/readyz"}) {
    if (top.metrics.path != taken) continue;
    faults.add(given->place, given->key, quote(taken) + " is an endpoint of its own; allowed: another path");
  }
}

}  // namespace

void check_process(const Draft& top, const std::vector<Draft>& services, Faults& faults) {
  check_listeners(top, services, faults);
  check_metrics_path(top, faults);
}

}  // namespace fwd
