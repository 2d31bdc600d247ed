#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/session.h"
#include "config/config.h"
#include "core/log_limiter.h"
#include "net/backend_table.h"
#include "net/connector.h"
#include "net/link_pool.h"
#include "net/listener.h"
#include "telemetry/counters.h"

namespace fwd {

class Worker;

// One service on one worker: its listeners, balancer, sessions and counters. Owned by its Worker and used on
// the worker's thread only.
class WorkerService final : private Listener::Owner, private DialObserver, private Deadline::Owner {
 public:
  WorkerService(Worker& worker, std::size_t index, const ServiceConfig& config, ServiceCounters& counters,
                const TlsClient* tls, std::vector<Fd> listening);
  ~WorkerService();

  void set_active(std::shared_ptr<const ActiveSet> set);
  void set_orders(std::span<const PoolOrder> orders) { pool_.set_orders(orders); }
  void start_accepting();
  // Accepts what is queued, closes the listeners, and after drain_timeout cuts what is left.
  void stop_accepting();
  // Goes on with what waited for a place or a descriptor.
  void wake();
  void abort_sessions();
  bool drained() const { return listeners_.empty() && sessions_.empty(); }
  // Idle links and dials for them.
  std::size_t links() const { return pool_.size(); }
  // Closes an idle link for the sake of a session; false when there is none.
  bool give_way() { return pool_.give_way(); }

  // For its sessions.
  void remove(Session& session);
  const std::string& name() const { return config_.name; }
  const ServerConfig& options() const { return config_.server; }
  const Keepalive& keepalive() const { return keepalive_; }
  ServiceCounters& counters() { return counters_; }
  Connector& connector() { return connector_; }
  Deadlines& deadlines();
  RelayContext& relay_context();
  TimePoint now() const;

 private:
  void close_listeners();
  void log_pause(std::string_view why);
  bool may_accept() override;
  void nobody_accepted() override;
  void accepted(Fd fd, const Endpoint& client) override;
  void accept_failed(bool paused) override;
  void dial_succeeded(BackendKey key, Duration elapsed) override;
  void dial_failed(BackendKey key, DialError error) override;
  void dial_overtaken(BackendKey key) override;
  void idle_closed(BackendKey key, Duration age) override;
  void on_deadline(Deadline& deadline, TimePoint now) override;

  Worker& worker_;
  std::size_t index_;
  const ServiceConfig& config_;
  ServiceCounters& counters_;
  Keepalive keepalive_;
  BackendTable backends_;
  Balancer balancer_;
  LinkOptions link_options_;
  LinkPool pool_;
  Connector connector_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::unique_ptr<Session>> sessions_;
  Deadline drain_deadline_;
  LogLimiter<std::string_view> pause_lines_;
  enum class Phase { waiting, accepting, stopping } phase_ = Phase::waiting;
};

}  // namespace fwd
