#include "net/dial.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace fwd {
namespace {

// Lets the port be chosen at connect, by the whole four-tuple: more than 28,000 links from one address.
bool bind_source(int fd, const IpAddress& source) {
#ifdef IP_BIND_ADDRESS_NO_PORT
  const int on = 1;
  ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
#endif
  const SocketAddress address(Endpoint{source, 0});
  return ::bind(fd, address.get(), address.size()) == 0;
}

int pending_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

}  // namespace

std::optional<DialError> Dial::start(DialTarget target) {
  const SocketAddress address(target.to);
  for_client_ = target.for_client;
  Fd fd = make_socket(address.get()->sa_family);
  if (!fd) {
    out_of_descriptors_ = errno == EMFILE || errno == ENFILE;
    return classify_dial_error(errno);
  }
  set_urgent_inline(fd.get());
  if (target.from && !bind_source(fd.get(), *target.from)) return DialError::local;
  to_ = target.to;
  stages_ = std::move(target.stages);
  began_ = clock_now();
  if (::connect(fd.get(), address.get(), address.size()) != 0 && errno != EINPROGRESS) {
    return classify_dial_error(errno);
  }
  socket_ = std::make_unique<SocketStream>(context_.poller, std::move(fd));
  socket_->set_owner(this);
  socket_->set_nodelay_late();
  socket_->watch_later();
  deadline_.set(began_ + target.timeout);
  return std::nullopt;
}

std::optional<DialError> Dial::resume(std::unique_ptr<SocketStream> link, LinkStages stages) {
  stages_ = std::move(stages);
  socket_ = std::move(link);
  socket_->set_owner(this);
  stage_ = Stage::connected;
  if (!send_header()) {
    socket_.reset();
    return DialError::reset;
  }
  socket_->call_again();
  return std::nullopt;
}

Fd Dial::make_socket(int family) {
  constexpr int kType = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
  Fd fd(::socket(family, kType, 0));
  if (!fd && errno == EMFILE && for_client_ && context_.reserve.release())
    fd = Fd(::socket(family, kType, 0));
  return fd;
}

void Dial::on_stream(Stream&) {
  switch (stage_) {
    case Stage::connecting:
      return check_connect();
    case Stage::delayed:
      return;  // bytes or a hang-up meanwhile stay latched for the taker
    case Stage::connected:
      return connected();
    case Stage::shaking_hands:
      return shake_hands();
  }
}

void Dial::check_connect() {
  if (socket_->failed()) {
    const int error = pending_error(socket_->fd());
    return failed(error == 0 ? DialError::local : classify_dial_error(error));  // 0: it could not be watched
  }
  if (!socket_->writable()) return;
  elapsed_ = clock_now() - began_;
  const Duration delay = context_.delay ? context_.delay(to_) : Duration::zero();
  if (delay > Duration::zero()) {
    elapsed_ += delay;
    stage_ = Stage::delayed;
    return deadline_.set(clock_now() + delay);
  }
  if (!send_header()) return failed(DialError::reset);
  connected();
}

// It is far smaller than the empty buffer of a new connection.
bool Dial::send_header() {
  if (stages_.header.empty()) return true;
  const IoResult put = socket_->write(std::as_bytes(std::span(stages_.header)));
  return put.status == IoResult::Status::ok && put.bytes == stages_.header.size();
}

// Also called while it waits for its turn to shake hands.
void Dial::connected() {
  if (stages_.tls == nullptr) return ready(std::move(socket_));
  stage_ = Stage::connected;
  deadline_.cancel();
  if (stages_.slots != nullptr && !take_turn()) return;
  stage_ = Stage::shaking_hands;
  set_nodelay(socket_->fd());
  tls_ = std::make_unique<TlsStream>(*stages_.tls, std::move(socket_), stages_.name, stages_.sessions);
  tls_->set_owner(this);
  deadline_.set(clock_now() + stages_.handshake_timeout);
  shake_hands();
}

// True when it is its turn to shake hands.
bool Dial::take_turn() {
  if (!slot_) slot_.emplace(*stages_.slots);
  return slot_->request(*socket_, for_client_);
}

void Dial::shake_hands() {
  switch (tls_->handshake()) {
    case TlsStream::Handshake::in_progress:
      return;
    case TlsStream::Handshake::failed:
      return failed(tls_->handshake_error());
    case TlsStream::Handshake::done:
      return ready(std::move(tls_));
  }
}

void Dial::ready(std::unique_ptr<Stream> stream) {
  deadline_.cancel();
  slot_.reset();
  stream->set_owner(nullptr);
  owner_->dial_ready(*this, std::move(stream), elapsed_);
}

void Dial::on_deadline(Deadline&, TimePoint) {
  if (stage_ == Stage::delayed) {
    if (!send_header()) return failed(DialError::reset);
    return connected();
  }
  failed(overdue());
}

void Dial::failed(DialError error) {
  deadline_.cancel();
  slot_.reset();
  if (tls_ != nullptr) detail_ = tls_->handshake_detail();
  socket_.reset();
  tls_.reset();
  owner_->dial_failed(*this, error);
}

}  // namespace fwd
