#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "app/admission.h"
#include "app/service_control.h"
#include "app/worker.h"
#include "config/config.h"
#include "core/descriptor_budget.h"
#include "net/signal_watch.h"
#include "telemetry/snapshot.h"

namespace fwd {

// The control loop: owns the services' decisions and the workers, hands active sets down, takes outcomes up,
// publishes snapshots, and leads the process through start, drain and end. Made, started and run on one
// thread; stop() from any.
class Control {
 public:
  struct Setup {
    const Config& config;  // outlives the control loop
    DescriptorBudget budget;
    std::shared_ptr<SnapshotBoard> snapshots;
    std::vector<std::shared_ptr<WorkerCounters>> counters;  // one a worker
    std::vector<int> cpus;                                  // one a worker, or none: any
    std::vector<std::vector<std::vector<Fd>>> listening;    // [worker][service]
    std::vector<TlsClients> tls;                            // one a worker, and one for control
    std::function<Duration(const Endpoint&)> dial_delay;    // see DialContext; called on every loop
    ProviderFactory make_provider;
    std::uint64_t seed = 0;
    bool handle_signals = true;  // SIGTERM, SIGINT stop; SIGHUP reopens the log
  };

  explicit Control(Setup setup);
  ~Control();

  // Reads the candidates, starts workers and probes. Returns why it cannot, empty when all is well.
  std::string start();
  // Until stopped and drained.
  void run() { loop_.run(); }
  // After run(): name lookups are still under way, and destroying this would wait for them.
  bool has_lookups() const { return loop_.has_requests(); }
  // The first call drains, the second ends at once.
  void stop() { mailbox_.post(Stop{}); }

 private:
  struct Stop {};
  using Message = std::variant<WorkerReport, Stop>;

  void make_services();
  void start_workers();
  void start_signals();
  void start_watchdog();
  void handle(WorkerReport& report);
  void handle(Stop&);
  void first_set(std::size_t service);
  void drain();
  void finish();
  void publish_soon();
  void publish_snapshot();
  std::string not_ready_reason() const;

  Setup setup_;
  Random random_;
  Admission admission_;
  Loop loop_;
  Poller poller_;
  Deadlines deadlines_;
  DialContext dial_context_;
  std::vector<std::unique_ptr<ServiceControl>> services_;
  std::vector<std::unique_ptr<SignalWatch>> signals_;
  Timer publish_timer_;
  Timer drain_timer_;
  Timer watchdog_timer_;
  Mailbox<Message> mailbox_;
  std::vector<std::unique_ptr<Worker>> workers_;  // joined before what they report to goes
  std::size_t serving_ = 0;                       // services with a first set
  std::size_t drained_ = 0;                       // workers
  enum class Phase { running, draining, finished } phase_ = Phase::running;
};

}  // namespace fwd
