#include <iostream>

#include "app/command_line.h"
#include "app/commands.h"
#include "app/demo_backends.h"
#include "app/forwarder.h"
#include "telemetry/log.h"

namespace fwd {
namespace {

// The built-in backends as candidates that never change.
class DemoProvider final : public Provider {
 public:
  explicit DemoProvider(const DemoBackends& backends) : backends_(backends) {}

  std::string start(OnChange on_change) override {
    CandidateChange change;
    for (const auto& backend : backends_.list()) change.added.push_back({backend.endpoint});
    on_change(change);
    return {};
  }
  bool settled() const override { return true; }

 private:
  const DemoBackends& backends_;
};

// Quick enough to watch; a real service should not be in such a hurry.
Config demo_config() {
  Config config = parse_config({}, {}).config;
  RemotesConfig& remotes = config.services.front().remotes;
  remotes.probing.interval = std::chrono::seconds(1);
  remotes.selector.active_set_size = 2;
  remotes.selector.evaluation_interval = std::chrono::seconds(2);
  remotes.selector.debounce_interval = std::chrono::seconds(10);
  remotes.selector.ejection.hold_down_base = std::chrono::seconds(5);
  return config;
}

void explain(const DemoBackends& backends, const Forwarder& forwarder) {
  std::cout
      << "tcp-forwarder demo: built-in backends on loopback and a forwarder before them.\n"
         "A loopback connect cannot be slowed, so the distances below are added by the demo's connector,\n"
         "to probes and to clients' connects alike.\n\n";
  for (const auto& backend : backends.list()) {
    std::cout << "  " << backend.name << std::string(10 - backend.name.size(), ' ')
              << to_string(backend.endpoint) << "   " << backend.behaviour << '\n';
  }
  std::cout << "\nTry, in another terminal:\n"
               "  curl http://"
            << forwarder.addresses().front().front()
            << "/            # who answers\n"
               "  curl "
            << forwarder.endpoints_url()
            << "/metrics    # scores, active set, connections\n"
               "  curl "
            << forwarder.endpoints_url()
            << "/readyz\n\n"
               "Below: each change of the active set with its reason and the scores. Ctrl-C stops.\n"
            << std::endl;
}

}  // namespace

int demo_command(const CommonOptions& options) {
  Config config = demo_config();
  if (const int code = start_logging(config.logging, options); code != kExitOk) return code;
  int code = kExitOk;
  {
    const DemoBackends backends;
    const auto make_provider = [&backends](Loop&, const ServiceConfig&) {
      return std::make_unique<DemoProvider>(backends);
    };
    Forwarder forwarder(std::move(config), {.dial_delay = backends.delay(), .make_provider = make_provider});
    if (const auto error = forwarder.start()) {
      std::cerr << "tcp-forwarder: " << error->message << '\n';
      code = kExitCannotRun;
    } else {
      explain(backends, forwarder);
      forwarder.run();
    }
  }
  log_stop();
  return code;
}

}  // namespace fwd
