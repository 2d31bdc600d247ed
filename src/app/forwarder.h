#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/control.h"
#include "app/file_provider.h"
#include "app/listen_sockets.h"
#include "config/config.h"
#include "telemetry/endpoints.h"

namespace fwd {

// The whole forwarder, wired together from a configuration.
class Forwarder {
 public:
  struct Options {
    std::function<Duration(const Endpoint&)> dial_delay;  // the demo's; any thread
    ProviderFactory make_provider = make_file_provider;
    bool handle_signals = true;
  };
  // Why it cannot start, and whose fault it is.
  struct StartError {
    std::string message;
    bool configuration = false;
  };

  Forwarder(Config config, Options options);

  // Binds, starts every thread and begins to probe. Nothing when all is well.
  std::optional<StartError> start();
  // Serves until stopped; on the thread that called start().
  void run() { control_->run(); }
  // After run(), when the process is to end at once: true when a name lookup is still under way, which can
  // neither be cancelled nor be waited for. Everything else is then closed, and the caller must not destroy
  // this object but leave by std::_Exit.
  bool abandon_lookups();
  // Any thread, after start(): the first call drains, the second ends at once.
  void stop() { control_->stop(); }

  // Where it listens: [service][address], with real ports.
  const std::vector<std::vector<std::string>>& addresses() const { return sockets_.addresses; }
  // "http://127.0.0.1:9099", empty when metrics are off.
  std::string endpoints_url() const;

 private:
  std::string make_tls_clients(std::vector<TlsClients>& clients) const;
  std::string start_endpoints();
  void log_start() const;

  Config config_;
  Options options_;
  ListenSockets sockets_;
  std::shared_ptr<SnapshotBoard> snapshots_ = std::make_shared<SnapshotBoard>();
  std::vector<std::shared_ptr<WorkerCounters>> counters_;
  std::unique_ptr<Endpoints> endpoints_;
  std::unique_ptr<Control> control_;
};

}  // namespace fwd
