#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <variant>
#include <vector>

#include "app/admission.h"
#include "app/worker_service.h"
#include "core/random.h"
#include "net/mailbox.h"
#include "net/prepare_hook.h"
#include "net/timer.h"

namespace fwd {

// How a dial of a worker went, or how an idle link ended; control scores it.
struct DialOutcome {
  std::size_t service = 0;
  BackendKey key = 0;
  enum class Kind { succeeded, failed, overtaken, idle_closed } kind = Kind::succeeded;
  DialError error = DialError::other;  // when failed
  Duration elapsed{};                  // of the connect when it succeeded; the age of the idle link
};

// What workers tell control.
struct WorkerReport {
  std::vector<DialOutcome> outcomes;
  bool drained = false;     // no listener and no session is left
  bool place_free = false;  // somebody waited, and may have a place or a descriptor now: wake every worker
};

// One thread with its loop and everything that a connection needs there. Made, told what to do and joined by
// control; what happens on the loop touches no other worker, but for Admission and BackendLoad.
class Worker {
 public:
  struct Setup {
    const Config& config;                    // outlives the worker
    std::vector<std::vector<Fd>> listening;  // for each service
    std::shared_ptr<WorkerCounters> counters;
    const TlsClients& tls;  // outlives the worker
    Admission& admission;
    std::size_t index = 0;
    std::optional<int> cpu;  // the only one to run on
    std::size_t workers = 1;
    std::size_t pipes = 0;          // for bulk data, at most
    std::uint64_t descriptors = 0;  // that its sessions and links may have: its share of the process's
    std::uint64_t seed = 0;
    std::function<Duration(const Endpoint&)> dial_delay;  // see DialContext; called on the worker's thread
    std::function<void(WorkerReport)> report;             // called on the worker's thread
  };

  explicit Worker(Setup setup);
  ~Worker();  // finish() first

  // From control's thread.
  void set_active(std::size_t service, std::shared_ptr<const ActiveSet> set);
  void set_orders(std::size_t service, std::vector<PoolOrder> orders);
  void start_accepting(std::size_t service);
  void stop_accepting();
  // A place or a descriptor may be free again.
  void wake();
  // Cuts what is left and ends the thread.
  void finish();

  // For its services, on the worker's thread.
  Loop& loop() { return loop_; }
  Poller& poller() { return poller_; }
  DialContext& dial_context() { return dial_context_; }
  Admission& admission() { return setup_.admission; }
  std::size_t index() const { return setup_.index; }
  Random& random() { return random_; }
  RelayContext& relay_context() { return relay_context_; }
  // Takes a session that is over; it is destroyed when no callback of its own can be running.
  void park(std::unique_ptr<Session> session) { parked_.push_back(std::move(session)); }
  void leave();
  void wait_for_descriptors();
  // Whether descriptors are left for a link that waits, after what the sessions need.
  bool may_open_link() const;
  // Lets idle links go until sessions have what they need.
  void make_room();
  void report(const DialOutcome& outcome);

 private:
  struct SetActive {
    std::size_t service;
    std::shared_ptr<const ActiveSet> set;
  };
  struct SetOrders {
    std::size_t service;
    std::vector<PoolOrder> orders;
  };
  struct StartAccepting {
    std::size_t service;
  };
  struct StopAccepting {};
  struct Wake {};
  struct Finish {};
  using Message = std::variant<SetActive, SetOrders, StartAccepting, StopAccepting, Wake, Finish>;

  void handle(SetActive& message) { services_[message.service]->set_active(std::move(message.set)); }
  void handle(SetOrders& message) { services_[message.service]->set_orders(message.orders); }
  void handle(StartAccepting& message) { services_[message.service]->start_accepting(); }
  void handle(StopAccepting&);
  void handle(Wake&);
  void handle(Finish&);
  std::size_t links() const;
  std::uint64_t descriptors_of_sessions() const;
  void before_waiting();
  void bury_parked();
  void flush_outcomes();
  void report_free_place();
  void report_when_drained();

  Setup setup_;
  Random random_;
  Loop loop_;
  Poller poller_;
  Deadlines deadlines_;
  DialContext dial_context_;
  std::unique_ptr<std::byte[]> buffer_;
  PipeCache pipes_;
  RelayContext relay_context_;
  std::vector<std::unique_ptr<WorkerService>> services_;
  std::vector<std::unique_ptr<Session>> parked_;
  std::vector<DialOutcome> outcomes_;
  bool outcomes_urgent_ = false;
  bool stopping_ = false;
  bool drained_reported_ = false;
  Timer outcomes_timer_;
  Timer descriptors_timer_;
  PrepareHook prepare_;
  Mailbox<Message> mailbox_;
  std::thread thread_;
};

}  // namespace fwd
