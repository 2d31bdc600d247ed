#include "net/listener.h"

#include <sys/socket.h>

#include <cerrno>

namespace fwd {
namespace {

// Concerns the one connection that was taken from the queue, or nobody (accept(2)); the next may do better.
bool is_passing(int error) {
  switch (error) {
    case ECONNABORTED:
    case EINTR:
    case EPROTO:
    case ENETDOWN:
    case ENETUNREACH:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
      return true;
    default:
      return false;
  }
}

}  // namespace

void Listener::resume() {
  if (!paused_) return;
  paused_ = false;
  descriptor_.call_again();
}

bool Listener::drain() {
  Outcome last = Outcome::accepted;
  while (last == Outcome::accepted) last = accept_one();
  paused_ = true;
  return last == Outcome::none;
}

void Listener::on_ready(Descriptor&) {
  if (paused_) return;
  for (int i = 0; i < kBatch; ++i) {
    if (accept_one() != Outcome::accepted) return;
  }
  descriptor_.call_again();
}

Listener::Outcome Listener::accept_one() {
  if (!owner_.may_accept()) {
    paused_ = true;
    return Outcome::paused;
  }
  SocketAddress peer;
  Fd fd(::accept4(descriptor_.fd(), peer.get(), peer.size_pointer(), SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd) {
    owner_.accepted(std::move(fd), peer.endpoint());
    return Outcome::accepted;
  }
  const int error = errno;
  if (error == EAGAIN || error == EWOULDBLOCK) {
    owner_.nobody_accepted();
    return Outcome::none;
  }
  paused_ = !is_passing(error);
  owner_.accept_failed(paused_);
  return paused_ ? Outcome::paused : Outcome::accepted;
}

}  // namespace fwd
