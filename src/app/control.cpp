#include "app/control.h"

#include <signal.h>

#include <algorithm>
#include <utility>

#include "app/service_manager.h"
#include "telemetry/log.h"

namespace fwd {
namespace {

constexpr Duration kSnapshotDelay = std::chrono::milliseconds(100);

}  // namespace

Control::Control(Setup setup)
    : setup_(std::move(setup)),
      random_(setup_.seed),
      admission_(setup_.budget.max_connections),
      poller_(loop_),
      deadlines_(poller_),
      dial_context_{poller_, deadlines_, setup_.dial_delay},
      publish_timer_(loop_, [this] { publish_snapshot(); }),
      drain_timer_(loop_, [this] { finish(); }),
      watchdog_timer_(loop_, [this] { start_watchdog(); }),
      mailbox_(loop_, [this](Message& message) { std::visit([this](auto& m) { handle(m); }, message); }) {
  make_services();
  // Before anybody can see that the process lives: a signal to stop is a clean end from then on.
  if (setup_.handle_signals) start_signals();
  publish_snapshot();
}

Control::~Control() {
  for (const auto& worker : workers_) worker->finish();
  workers_.clear();
}

std::string Control::start() {
  start_workers();
  start_watchdog();
  for (const auto& service : services_) {
    if (std::string error = service->start(); !error.empty()) return error;
  }
  return {};
}

void Control::start_workers() {
  for (std::size_t i = 0; i < setup_.counters.size(); ++i) {
    workers_.push_back(std::make_unique<Worker>(
        Worker::Setup{.config = setup_.config,
                      .listening = std::move(setup_.listening[i]),
                      .counters = setup_.counters[i],
                      .tls = setup_.tls[i],
                      .admission = admission_,
                      .index = i,
                      .cpu = setup_.cpus.empty() ? std::nullopt : std::optional(setup_.cpus[i]),
                      .workers = setup_.counters.size(),
                      .pipes = setup_.budget.pipes_per_worker,
                      .descriptors = setup_.budget.sessions_and_links / setup_.counters.size(),
                      .seed = random_.next(),
                      .dial_delay = setup_.dial_delay,
                      .report = [this](WorkerReport report) { mailbox_.post(std::move(report)); }}));
  }
}

void Control::make_services() {
  for (std::size_t i = 0; i < setup_.config.services.size(); ++i) {
    const auto publish = [this, i](const std::shared_ptr<const ActiveSet>& set) {
      for (const auto& worker : workers_) worker->set_active(i, set);
    };
    const auto order = [this, i](std::size_t worker, std::vector<PoolOrder> orders) {
      workers_[worker]->set_orders(i, std::move(orders));
    };
    const ServiceConfig& config = setup_.config.services[i];
    services_.push_back(std::make_unique<ServiceControl>(
        loop_, dial_context_,
        ServiceControl::Setup{.config = config,
                              .tls = setup_.tls.back()[i].get(),
                              .workers = setup_.counters.size(),
                              .max_series = setup_.config.metrics.max_backends,
                              .seed = random_.next()},
        setup_.make_provider(loop_, config),
        ServiceControl::Events{publish, order, [this, i] { first_set(i); }, [this] { publish_soon(); }}));
  }
}

void Control::start_signals() {
  for (const int number : {SIGTERM, SIGINT}) {
    signals_.push_back(std::make_unique<SignalWatch>(loop_, number, [this] { stop(); }));
  }
  signals_.push_back(std::make_unique<SignalWatch>(loop_, SIGHUP, [] { log_reopen(); }));
}

void Control::start_watchdog() {
  const auto interval = watchdog_interval();
  if (!interval) return;
  notify_service_manager("WATCHDOG=1");
  watchdog_timer_.start(*interval);
}

void Control::handle(WorkerReport& report) {
  for (const DialOutcome& outcome : report.outcomes) services_[outcome.service]->dialled(outcome);
  if (!report.outcomes.empty()) {
    for (const auto& service : services_) service->dialled_all();
  }
  if (report.place_free) {
    for (const auto& worker : workers_) worker->wake();
  }
  if (report.drained && ++drained_ == workers_.size()) finish();
}

void Control::handle(Stop&) {
  if (phase_ == Phase::running) {
    drain();
  } else {
    finish();
  }
}

void Control::first_set(std::size_t service) {
  if (phase_ != Phase::running) return;
  for (const auto& worker : workers_) worker->start_accepting(service);
  log(LogModule::app, LogLevel::info, "accepting connections",
      {{"service", setup_.config.services[service].name}});
  if (++serving_ < services_.size()) return;
  publish_snapshot();  // so that /readyz agrees
  notify_service_manager("READY=1");
}

void Control::drain() {
  phase_ = Phase::draining;
  Duration limit{};
  for (const ServiceConfig& service : setup_.config.services)
    limit = std::max(limit, service.pools.drain_timeout);
  log(LogModule::app, LogLevel::info, "stopping: no new connections, waiting for the open ones",
      {{"drain_timeout_seconds", std::chrono::duration<double>(limit).count()}});
  notify_service_manager("STOPPING=1");
  publish_snapshot();
  drain_timer_.start(limit);
  for (const auto& worker : workers_) worker->stop_accepting();
}

void Control::finish() {
  if (std::exchange(phase_, Phase::finished) == Phase::finished) return;
  for (const auto& worker : workers_) worker->finish();
  workers_.clear();
  log(LogModule::app, LogLevel::info, "stopped");
  loop_.stop();
}

void Control::publish_soon() {
  if (!publish_timer_.armed()) publish_timer_.start(kSnapshotDelay);
}

void Control::publish_snapshot() {
  auto snapshot = std::make_shared<Snapshot>();
  for (const auto& service : services_) snapshot->services.push_back(service->snapshot());
  snapshot->not_ready_reason = not_ready_reason();
  snapshot->ready = snapshot->not_ready_reason.empty();
  snapshot->max_connections = setup_.budget.max_connections;
  snapshot->max_connections_configured = setup_.config.max_connections;
  setup_.snapshots->publish(std::move(snapshot));
}

std::string Control::not_ready_reason() const {
  if (phase_ != Phase::running) return "stopping";
  for (const auto& service : services_) {
    const std::string reason = service->not_ready_reason();
    if (!reason.empty()) return "service " + service->name() + ": " + reason;
  }
  return {};
}

}  // namespace fwd
