#include "app/worker_service.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include "app/worker.h"
#include "telemetry/log.h"

namespace fwd {
namespace {

constexpr Duration kPauseLineInterval = std::chrono::seconds(10);

Keepalive keepalive_of(const ServiceConfig& config) {
  return {config.pools.keepalive.idle, config.pools.keepalive.interval, config.pools.keepalive.count};
}

// Nothing for a client on a Unix socket, which has no address.
std::optional<ProxyAddresses> proxy_addresses(const Endpoint& client, int fd) {
  if (client == Endpoint{}) return std::nullopt;
  return ProxyAddresses{client, local_endpoint(fd)};
}

}  // namespace

WorkerService::WorkerService(Worker& worker, std::size_t index, const ServiceConfig& config,
                             ServiceCounters& counters, const TlsClient* tls, std::vector<Fd> listening)
    : worker_(worker),
      index_(index),
      config_(config),
      counters_(counters),
      keepalive_(keepalive_of(config)),
      backends_(worker.index()),
      balancer_(config.pools.algorithm, Random(worker.random().next())),
      link_options_{config.pools.dial_timeout, config.pools.dial_stagger, config.remotes.proxy_protocol, tls,
                    keepalive_},
      pool_({worker.dial_context(), link_options_, *this, SourceAddresses(config.remotes.source_addrs),
             Random(worker.random().next()), [&worker] { return worker.may_open_link(); }},
            backends_),
      connector_{worker.dial_context(),
                 {config.pools.dial_timeout, config.pools.dial_stagger, config.pools.dial_attempts},
                 backends_,
                 balancer_,
                 pool_,
                 *this,
                 SourceAddresses(config.remotes.source_addrs)},
      drain_deadline_(worker.dial_context().deadlines, *this),
      pause_lines_(kPauseLineInterval) {
  Listener::Owner& self = *this;
  for (Fd& fd : listening) {
    listeners_.push_back(std::make_unique<Listener>(worker.poller(), std::move(fd), self));
    if (!listeners_.back()->watch()) throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

// Sessions go before the table that their leases point into.
WorkerService::~WorkerService() { sessions_.clear(); }

void WorkerService::set_active(std::shared_ptr<const ActiveSet> set) {
  backends_.set_active(std::move(set));
  pool_.members_changed();
}

void WorkerService::start_accepting() {
  if (phase_ == Phase::stopping) return;
  phase_ = Phase::accepting;
  for (const auto& listener : listeners_) listener->resume();
}

void WorkerService::stop_accepting() {
  phase_ = Phase::stopping;
  drain_deadline_.set(worker_.loop().now() + config_.pools.drain_timeout);
  close_listeners();
  pool_.close();
}

// Those that have no descriptor for what is queued stay until wake().
void WorkerService::close_listeners() {
  std::erase_if(listeners_, [](const auto& listener) { return listener->drain(); });
}

void WorkerService::wake() {
  if (phase_ == Phase::accepting) start_accepting();
  if (phase_ == Phase::stopping) close_listeners();
}

void WorkerService::abort_sessions() {
  while (!sessions_.empty()) sessions_.back()->cut();
}

void WorkerService::remove(Session& session) {
  const std::size_t index = session.index;
  std::unique_ptr<Session> removed = std::move(sessions_[index]);
  if (index + 1 != sessions_.size()) {
    sessions_[index] = std::move(sessions_.back());
    sessions_[index]->index = index;
  }
  sessions_.pop_back();
  worker_.park(std::move(removed));
}

Deadlines& WorkerService::deadlines() { return worker_.dial_context().deadlines; }
RelayContext& WorkerService::relay_context() { return worker_.relay_context(); }
TimePoint WorkerService::now() const { return worker_.loop().now(); }

bool WorkerService::may_accept() {
  // What waits in the queue of a listener that closes is not refused for want of a place.
  if (phase_ == Phase::stopping) {
    worker_.admission().enter_anyway();
  } else if (!worker_.admission().enter()) {
    counters_.count(ErrorKind::limit);
    log_pause("max_connections is reached");
    return false;
  }
  if (worker_.dial_context().reserve.replenish()) return true;
  accept_failed(true);
  return false;
}

void WorkerService::nobody_accepted() { worker_.leave(); }

void WorkerService::accepted(Fd fd, const Endpoint& client) {
  auto stream = std::make_unique<SocketStream>(worker_.poller(), std::move(fd));
  stream->watch_later();
  stream->assume_ready();
  counters_.new_connections.add();
  worker_.make_room();
  Inbound inbound = pass_through(client);
  if (config_.remotes.proxy_protocol != ProxyProtocol::none) {
    inbound.addresses = proxy_addresses(client, stream->fd());
  }
  auto session = std::make_unique<Session>(*this, std::move(stream), inbound);
  session->index = sessions_.size();
  Session& started = *session;
  sessions_.push_back(std::move(session));
  started.start();
}

void WorkerService::accept_failed(bool paused) {
  counters_.count(paused ? ErrorKind::limit : ErrorKind::accept);
  if (!paused) return worker_.leave();
  log_pause("the system has no descriptor or memory for another connection");
  worker_.wait_for_descriptors();
}

void WorkerService::log_pause(std::string_view why) {
  const auto held_back = pause_lines_.allow(why, worker_.loop().now());
  if (!held_back) return;
  log(LogModule::worker, LogLevel::warn, "accepting is paused; connections wait in the kernel's queue",
      {{"service", config_.name}, {"reason", std::string(why)}, {"held_back", *held_back}});
}

void WorkerService::dial_succeeded(BackendKey key, Duration elapsed) {
  worker_.report({.service = index_, .key = key, .elapsed = elapsed});
}

void WorkerService::dial_failed(BackendKey key, DialError error) {
  worker_.report({.service = index_, .key = key, .kind = DialOutcome::Kind::failed, .error = error});
}

void WorkerService::dial_overtaken(BackendKey key) {
  worker_.report({.service = index_, .key = key, .kind = DialOutcome::Kind::overtaken});
}

void WorkerService::idle_closed(BackendKey key, Duration age) {
  worker_.report({.service = index_, .key = key, .kind = DialOutcome::Kind::idle_closed, .elapsed = age});
}

void WorkerService::on_deadline(Deadline&, TimePoint) {
  listeners_.clear();
  abort_sessions();
}

}  // namespace fwd
