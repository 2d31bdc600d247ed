#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "app/pool_control.h"
#include "app/provider.h"
#include "app/worker.h"
#include "config/config.h"
#include "core/log_limiter.h"
#include "core/probe_plan.h"
#include "core/scoreboard.h"
#include "core/selector.h"
#include "core/series_keeper.h"
#include "net/link_options.h"
#include "net/probe.h"
#include "net/source_addresses.h"
#include "net/timer.h"
#include "telemetry/snapshot.h"

namespace fwd {

// The decisions of one service on the control loop: follows the candidates, probes them, keeps the scores,
// chooses the active set and publishes it. Control loop only.
class ServiceControl {
 public:
  struct Events {
    std::function<void(std::shared_ptr<const ActiveSet>)> publish;
    std::function<void(std::size_t worker, std::vector<PoolOrder>)> order;
    std::function<void()> first_set;  // once, after the first publish
    std::function<void()> changed;    // the snapshot is out of date
  };

  // What it is made for: a service, on so many workers. `tls` is null where backends are spoken to plainly.
  struct Setup {
    const ServiceConfig& config;
    const TlsClient* tls = nullptr;
    std::size_t workers = 1;
    std::size_t max_series = 0;
    std::uint64_t seed = 0;
  };

  ServiceControl(Loop& loop, DialContext& dial_context, const Setup& setup,
                 std::unique_ptr<Provider> provider, Events events);

  // Reads the candidates and begins. Returns why it cannot, empty when all is well.
  std::string start();
  void dialled(const DialOutcome& outcome);
  // After a batch of outcomes.
  void dialled_all() { schedule_advance(); }
  // Empty when clients are served from a set in which somebody has answered; else why not.
  std::string not_ready_reason() const;
  ServiceSnapshot snapshot();
  const std::string& name() const { return config_.name; }

 private:
  // Beside the scoreboard's record: what the control loop keeps for workers and readers.
  struct Extra {
    std::shared_ptr<BackendLoad> load;          // from the first time it is in the active set
    std::unique_ptr<Histogram> probe_duration;  // from its first answer
  };

  void candidates_changed(const CandidateChange& change);
  void probe(BackendKey key, Duration timeout, bool urgent = false);
  void probed(const Prober::Result& result);
  void react(BackendKey key, const SampleEffect& effect);
  void begin_serving_when_possible();
  void begin_serving();
  void begin_round();
  void probe_planned();
  void advance();
  void schedule_advance();
  void evaluate_soon();
  void evaluate();
  bool ejections_changed() const;
  void publish(const Decision& decision);
  void forget_departed();
  void log_decision(const Decision& decision, bool panic_changed) const;
  void log_failure(BackendKey key, std::string_view what, DialError error, const std::string& detail = {});
  std::string name_of(BackendKey key) const;
  BackendSnapshot snapshot_of(const BackendRecord& record);

  const ServiceConfig& config_;
  Events events_;
  Random random_;
  Scoreboard board_;
  Selector selector_;
  SeriesKeeper series_;
  LinkOptions link_options_;
  PoolControl pools_;
  Prober prober_;
  std::unique_ptr<Provider> provider_;
  SourceAddresses sources_;
  std::unordered_map<BackendKey, Extra> extras_;
  std::shared_ptr<const ActiveSet> published_ = std::make_shared<ActiveSet>();
  LogLimiter<std::pair<BackendKey, DialError>> failure_lines_;
  std::vector<PlannedProbe> planned_;  // of the present round, next one last
  TimePoint round_began_{};
  bool serving_ = false;
  bool adding_ = false;       // candidates are being queued for their first probe
  std::size_t answered_ = 0;  // probes that succeeded before serving began
  std::array<std::uint64_t, kDecisionReasonCount> decisions_{};
  std::uint64_t probes_ok_ = 0;
  std::uint64_t probes_failed_ = 0;
  Timer first_set_timer_;
  Timer round_timer_;
  Timer planned_timer_;
  Timer advance_timer_;
  Timer evaluate_timer_;
  Timer evaluate_soon_timer_;
};

}  // namespace fwd
