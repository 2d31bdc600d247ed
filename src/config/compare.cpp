#include <algorithm>

#include "config/config.h"
#include "config/keys.h"

namespace fwd {
namespace {

Draft process_draft(const Config& config) {
  Draft draft;
  draft.logging = config.logging;
  draft.metrics = config.metrics;
  draft.service.server.workers = config.workers;
  draft.service.server.worker_cpu_affinity = config.worker_cpu_affinity;
  draft.service.server.max_connections = config.max_connections;
  return draft;
}

Draft service_draft(const ServiceConfig& service) {
  Draft draft;
  draft.service = service;
  return draft;
}

const ServiceConfig* find_service(const Config& config, const std::string& name) {
  const auto found = std::find_if(config.services.begin(), config.services.end(),
                                  [&name](const ServiceConfig& service) { return service.name == name; });
  return found == config.services.end() ? nullptr : &*found;
}

class Comparison {
 public:
  Comparison(const Config& from, const Config& to) : from_(from), to_(to) {}

  std::vector<ConfigChange> run() && {
    compare_keys("", process_draft(from_), process_draft(to_), Scope::process);
    for (const ServiceConfig& service : from_.services) {
      if (find_service(to_, service.name) == nullptr) add(label(service), "present", "absent");
    }
    for (const ServiceConfig& service : to_.services) compare_service(service);
    return std::move(changes_);
  }

 private:
  // A new service is told by what sets it apart from the defaults.
  void compare_service(const ServiceConfig& to) {
    static const ServiceConfig defaults;
    const ServiceConfig* from = find_service(from_, to.name);
    if (from == nullptr) add(label(to), "absent", "present");
    const std::string prefix = is_plain(from_) && is_plain(to_) ? "" : label(to) + ".";
    compare_keys(prefix, service_draft(from == nullptr ? defaults : *from), service_draft(to),
                 Scope::service);
  }

  void compare_keys(const std::string& prefix, const Draft& from, const Draft& to, Scope scope) {
    for (const Key& key : all_keys()) {
      if (key.scope != scope) continue;
      const std::string before = key.show(from);
      const std::string after = key.show(to);
      if (before != after) add(prefix + key.path, before, after);
    }
  }

  void add(std::string key, std::string from, std::string to) {
    changes_.push_back({std::move(key), std::move(from), std::move(to)});
  }

  // Without `services` the keys of the top level are those of the one service.
  static bool is_plain(const Config& config) {
    return config.services.size() == 1 && config.services.front().name == ServiceConfig{}.name;
  }
  static std::string label(const ServiceConfig& service) { return "services[" + service.name + "]"; }

  const Config& from_;
  const Config& to_;
  std::vector<ConfigChange> changes_;
};

}  // namespace

std::vector<ConfigChange> compare(const Config& from, const Config& to) { return Comparison(from, to).run(); }

}  // namespace fwd
