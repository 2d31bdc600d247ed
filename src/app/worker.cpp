#include "app/worker.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

#include "telemetry/log.h"

namespace fwd {
namespace {

// One read of a busy stream, where bulk is copied. Chosen by measurement: docs/performance.md.
constexpr std::size_t kBufferBytes = 524'288;
constexpr std::size_t kOutcomeBatch = 256;
constexpr Duration kOutcomeDelay = std::chrono::milliseconds(50);
constexpr Duration kDescriptorRetry = std::chrono::milliseconds(100);

// Signals are control's; SIGPIPE would come from a write to a closed peer.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

void bind_to(int cpu) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  const int error = ::pthread_setaffinity_np(::pthread_self(), sizeof one, &one);
  if (error == 0) return;
  log(LogModule::worker, LogLevel::warn, "a worker cannot be bound to its CPU and runs on any",
      {{"cpu", std::to_string(cpu)}, {"error", std::generic_category().message(error)}});
}

}  // namespace

Worker::Worker(Setup setup)
    : setup_(std::move(setup)),
      random_(setup_.seed),
      poller_(loop_),
      deadlines_(poller_),
      dial_context_{poller_, deadlines_, setup_.dial_delay},
      buffer_(std::make_unique_for_overwrite<std::byte[]>(kBufferBytes)),
      pipes_(deadlines_, setup_.pipes),
      relay_context_{{buffer_.get(), kBufferBytes}, pipes_},
      outcomes_timer_(loop_, [this] { flush_outcomes(); }),
      descriptors_timer_(loop_, [this] { report_free_place(); }),
      prepare_(loop_, [this] { before_waiting(); }),
      mailbox_(loop_, [this](Message& message) {
        loop_.update_now();
        std::visit([this](auto& m) { handle(m); }, message);
      }) {
  for (std::size_t i = 0; i < setup_.config.services.size(); ++i) {
    services_.push_back(std::make_unique<WorkerService>(*this, i, setup_.config.services[i],
                                                        setup_.counters->services[i], setup_.tls[i].get(),
                                                        std::move(setup_.listening[i])));
  }
  thread_ = std::thread([this] {
    block_signals();
    if (setup_.cpu) bind_to(*setup_.cpu);
    loop_.run();
  });
}

Worker::~Worker() {
  if (thread_.joinable()) thread_.join();
}

void Worker::set_active(std::size_t service, std::shared_ptr<const ActiveSet> set) {
  mailbox_.post(SetActive{service, std::move(set)});
}
void Worker::set_orders(std::size_t service, std::vector<PoolOrder> orders) {
  mailbox_.post(SetOrders{service, std::move(orders)});
}
void Worker::start_accepting(std::size_t service) { mailbox_.post(StartAccepting{service}); }
void Worker::stop_accepting() { mailbox_.post(StopAccepting{}); }
void Worker::wake() { mailbox_.post(Wake{}); }
void Worker::finish() { mailbox_.post(Finish{}); }

void Worker::handle(StopAccepting&) {
  stopping_ = true;
  for (const auto& service : services_) service->stop_accepting();
}

void Worker::handle(Wake&) {
  for (const auto& service : services_) service->wake();
}

void Worker::handle(Finish&) {
  for (const auto& service : services_) service->abort_sessions();
  loop_.stop();
}

void Worker::leave() {
  if (setup_.admission.leave()) report_free_place();
}

void Worker::report_free_place() { setup_.report({.outcomes = {}, .drained = false, .place_free = true}); }

void Worker::wait_for_descriptors() {
  setup_.admission.wait();
  // Descriptors may also come free without a session ending: look again soon.
  descriptors_timer_.start(kDescriptorRetry);
}

std::size_t Worker::links() const {
  std::size_t links = 0;
  for (const auto& service : services_) links += service->links();
  return links;
}

// Two each, of the sessions of all workers, in equal shares.
std::uint64_t Worker::descriptors_of_sessions() const {
  return 2 * setup_.admission.count() / setup_.workers;
}

bool Worker::may_open_link() const { return descriptors_of_sessions() + links() < setup_.descriptors; }

void Worker::make_room() {
  const std::uint64_t needed = descriptors_of_sessions() + links();
  if (needed <= setup_.descriptors) return;
  std::uint64_t excess = needed - setup_.descriptors;
  for (const auto& service : services_) {
    while (excess > 0 && service->give_way()) --excess;
  }
}

void Worker::report(const DialOutcome& outcome) {
  outcomes_.push_back(outcome);
  outcomes_urgent_ |=
      outcome.kind == DialOutcome::Kind::failed || outcome.kind == DialOutcome::Kind::overtaken;
}

// Once in each pass, when no callback of a session can be on the stack.
void Worker::before_waiting() {
  bury_parked();
  if (outcomes_urgent_ || outcomes_.size() >= kOutcomeBatch) {
    flush_outcomes();
  } else if (!outcomes_.empty() && !outcomes_timer_.armed()) {
    outcomes_timer_.start(kOutcomeDelay);
  }
  if (const Duration busy = loop_.take_busy_time(); busy > Duration::zero()) {
    setup_.counters->loop_lag.observe(busy);
  }
  report_when_drained();
}

void Worker::bury_parked() {
  const std::size_t places = parked_.size();
  parked_.clear();
  for (std::size_t i = 0; i < places; ++i) leave();
}

void Worker::flush_outcomes() {
  outcomes_timer_.stop();
  outcomes_urgent_ = false;
  setup_.report({.outcomes = std::exchange(outcomes_, {}), .drained = false, .place_free = false});
}

void Worker::report_when_drained() {
  if (!stopping_ || drained_reported_) return;
  drained_reported_ = std::ranges::all_of(services_, [](const auto& service) { return service->drained(); });
  if (drained_reported_) setup_.report({.outcomes = {}, .drained = true, .place_free = false});
}

}  // namespace fwd
