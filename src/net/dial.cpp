#include "net/dial.h"

#include <sys/socket.h>

#include <cerrno>

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

std::optional<DialError> Dial::start(const DialTarget& target) {
  const SocketAddress address(target.to);
  Fd fd = make_socket(address.get()->sa_family);
  if (!fd) return classify_dial_error(errno);
  set_nodelay(fd.get());
  set_urgent_inline(fd.get());
  if (target.from && !bind_source(fd.get(), *target.from)) return DialError::local;
  to_ = target.to;
  began_ = clock_now();
  if (::connect(fd.get(), address.get(), address.size()) != 0 && errno != EINPROGRESS) {
    return classify_dial_error(errno);
  }
  stream_ = std::make_unique<SocketStream>(context_.poller, std::move(fd));
  stream_->set_owner(this);
  if (!stream_->watch()) return DialError::local;
  deadline_.set(began_ + target.timeout);
  return std::nullopt;
}

Fd Dial::make_socket(int family) {
  constexpr int kType = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
  Fd fd(::socket(family, kType, 0));
  if (!fd && errno == EMFILE && context_.reserve.release()) fd = Fd(::socket(family, kType, 0));
  return fd;
}

void Dial::on_stream(Stream&) {
  if (connected_) return;  // bytes or a hang-up while the demo's delay runs stay latched for the taker
  if (stream_->failed()) return failed(classify_dial_error(pending_error(stream_->fd())));
  if (!stream_->writable()) return;
  connected_ = true;
  elapsed_ = clock_now() - began_;
  const Duration delay = context_.delay ? context_.delay(to_) : Duration::zero();
  if (delay > Duration::zero()) {
    elapsed_ += delay;
    return deadline_.set(clock_now() + delay);
  }
  connected();
}

void Dial::connected() {
  deadline_.cancel();
  stream_->set_owner(nullptr);
  owner_.dial_ready(*this, std::move(stream_), elapsed_);
}

void Dial::on_deadline(Deadline&, TimePoint) {
  if (connected_) return connected();
  failed(DialError::timeout);
}

void Dial::failed(DialError error) {
  deadline_.cancel();
  stream_.reset();
  owner_.dial_failed(*this, error);
}

}  // namespace fwd
