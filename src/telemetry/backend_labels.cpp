#include "telemetry/backend_labels.h"

namespace fwd {

Labels backend_labels(const ServiceSnapshot& service, std::size_t index) {
  const std::vector<BackendSnapshot>& backends = service.backends;
  const BackendId& id = backends[index].id;
  // They are sorted by id, so the same endpoint is next to it or nowhere.
  const bool shared = (index > 0 && backends[index - 1].id.endpoint == id.endpoint) ||
                      (index + 1 < backends.size() && backends[index + 1].id.endpoint == id.endpoint);
  return {{"service", service.name}, {"backend", shared ? to_string(id) : to_string(id.endpoint)}};
}

}  // namespace fwd
