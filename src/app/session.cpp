#include "app/session.h"

#include <algorithm>
#include <chrono>

#include "app/worker_service.h"
#include "telemetry/log.h"

namespace fwd {
namespace {

// A client has closed first, and with TLS 1.2 a backend that is told so would close too: so long it may go on
// answering in peace. Without an end many backends would wait for more requests.
constexpr Duration kHeldEnd = std::chrono::seconds(5);

ErrorKind kind_of(std::optional<DialError> error) {
  if (!error) return ErrorKind::no_backend;
  switch (*error) {
    case DialError::timeout:
      return ErrorKind::dial_timeout;
    case DialError::refused:
      return ErrorKind::dial_refused;
    case DialError::local:
      return ErrorKind::limit;
    case DialError::tls_timeout:
    case DialError::tls_expired:
    case DialError::tls_name:
    case DialError::tls_unknown_ca:
    case DialError::tls_certificate:
    case DialError::tls_refused:
    case DialError::tls_protocol:
      return ErrorKind::dial_tls;
    default:
      return ErrorKind::dial_other;
  }
}

}  // namespace

Session::Session(WorkerService& service, std::unique_ptr<Stream> client, const Inbound& inbound)
    : service_(service),
      inbound_(inbound),
      client_(std::move(client)),
      deadline_(service.deadlines(), *this),
      accepted_at_(service.now()),
      last_activity_(accepted_at_) {}

Session::~Session() {
  service_.counters().ended_connections.add();
  service_.counters().connection_duration.observe(service_.now() - accepted_at_);
}

void Session::start() {
  client_->set_owner(this);
  LinkRequest::Owner& self = *this;
  request_ = std::make_unique<LinkRequest>(service_.connector(), inbound_, self);
  request_->start();
}

void Session::cut() {
  abort();
  request_.reset();
  end("stopped");
}

// Both peers see a reset when the session is destroyed.
void Session::abort() {
  if (client_ != nullptr) client_->abort();
  if (relay_) relay_->abort();
}

// The client while it waits for a link. A half-close is kept for the relay; a reset ends the wait.
void Session::on_stream(Stream& client) {
  if (!client.failed()) return;
  request_.reset();
  end("client reset");
}

void Session::link_ready(std::unique_ptr<Stream> stream, BackendTable::Lease lease, LinkSource source) {
  request_.reset();
  lease_ = std::move(lease);
  last_activity_ = clock_now();
  ServiceCounters& counters = service_.counters();
  Histogram& first_link =
      source == LinkSource::pool ? counters.first_link_pooled : counters.first_link_dialled;
  first_link.observe(last_activity_ - accepted_at_);
  Relay::Owner& self = *this;
  relay_.emplace(std::move(client_), std::move(stream), service_.relay_context(), self);
  deadline_.set(next_deadline());
  relay_->start();
}

void Session::link_failed(std::optional<DialError> error) {
  service_.counters().count(kind_of(error));
  abort();
  end("no link");
}

void Session::relay_moved(Direction direction, std::size_t bytes) {
  last_activity_ = service_.now();
  if (direction == Direction::upstream) {
    upstream_bytes_ += bytes;
    service_.counters().upstream_bytes.add(bytes);
  } else {
    downstream_bytes_ += bytes;
    service_.counters().downstream_bytes.add(bytes);
  }
}

void Session::relay_half_closed() {
  last_activity_ = service_.now();
  if (!breaking_) deadline_.set(next_deadline());
}

void Session::relay_breaking() {
  breaking_ = true;
  deadline_.set(clock_now() + Relay::kResetGrace);
}

void Session::relay_ended(RelayEnd reason) {
  if (reason == RelayEnd::reset) service_.counters().count(ErrorKind::relay_reset);
  end(reason == RelayEnd::reset ? "reset" : "closed");
}

void Session::on_deadline(Deadline&, TimePoint now) {
  if (breaking_) {
    relay_->abort();
    return relay_ended(RelayEnd::reset);
  }
  start_keepalive_when_due(now);
  const TimePoint next = next_deadline();
  if (next > now) return deadline_.set(next);
  const bool half_closed = relay_->half_closed();
  if (half_closed && relay_->backend().end_held()) {
    relay_->backend().release_end();
    last_activity_ = now;
    return deadline_.set(next_deadline());
  }
  service_.counters().count(half_closed ? ErrorKind::half_close_timeout : ErrorKind::idle_timeout);
  // A stream that is cut short must not look complete.
  if (!relay_->delivered()) relay_->abort();
  end(half_closed ? "half-close timeout" : "idle timeout");
}

// Keepalive costs four system calls, so only a session that lasts is given it; the accepted side inherits it.
void Session::start_keepalive_when_due(TimePoint now) {
  const Keepalive& keepalive = service_.keepalive();
  if (keepalive_started_ || now < accepted_at_ + keepalive.idle / 2) return;
  keepalive_started_ = true;
  relay_->backend().start_keepalive(keepalive);
}

Duration Session::silence_allowed() const {
  const auto& options = service_.options();
  if (!relay_->half_closed()) return options.idle_timeout;
  if (relay_->backend().end_held()) return std::min(kHeldEnd, options.half_close_timeout);
  return options.half_close_timeout;
}

TimePoint Session::next_deadline() const {
  const TimePoint silent_until = last_activity_ + silence_allowed();
  if (keepalive_started_) return silent_until;
  return std::min(silent_until, accepted_at_ + service_.keepalive().idle / 2);
}

void Session::end(const char* why) {
  if (over_) return;
  over_ = true;
  deadline_.cancel();
  if (log_enabled(LogModule::session, LogLevel::debug)) log_end(why);
  service_.remove(*this);
}

void Session::log_end(const char* why) const {
  const bool linked = relay_.has_value();
  log(LogModule::session, LogLevel::debug, "session ended",
      {{"service", service_.name()},
       {"client", to_string(inbound_.client)},
       {"backend", linked ? to_string(lease_.backend().id) : std::string("-")},
       {"reason", std::string(why)},
       {"upstream_bytes", upstream_bytes_},
       {"downstream_bytes", downstream_bytes_},
       {"seconds", std::chrono::duration<double>(service_.now() - accepted_at_).count()}});
}

}  // namespace fwd
