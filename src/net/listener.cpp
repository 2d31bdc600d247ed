#include "net/listener.h"

#include <sys/socket.h>

#include <cerrno>

namespace fwd {
namespace {

bool is_exhaustion(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
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
  // Others (ECONNABORTED, EPROTO, EINTR) concern one connection only: go on with the next.
  paused_ = is_exhaustion(error);
  owner_.accept_failed(paused_);
  return paused_ ? Outcome::paused : Outcome::accepted;
}

}  // namespace fwd
