#include "net/stream.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace fwd {
namespace {

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

ssize_t splice(int from, int to, std::size_t bytes = Pipe::kBytes) {
  ssize_t moved = 0;
  do {
    moved = ::splice(from, nullptr, to, nullptr, bytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  } while (moved < 0 && errno == EINTR);
  return moved;
}

// More than any greeting; who goes on sending gets a reset.
constexpr int kMostDiscards = 8;

}  // namespace

void close_cleanly(std::unique_ptr<Stream> stream) {
  stream->set_owner(nullptr);
  stream->shutdown_write();
  std::array<std::byte, 4096> discarded;
  for (int i = 0; i < kMostDiscards; ++i) {
    if (stream->read(discarded).status != IoResult::Status::ok) return;
  }
}

IoResult SocketStream::read(std::span<std::byte> into) {
  ssize_t got = 0;
  do {
    got = receive(descriptor_.fd(), into);
  } while (got < 0 && errno == EINTR);
  if (got > 0) {
    const auto bytes = static_cast<std::size_t>(got);
    // A short read has emptied the socket, unless a FIN or reset came with the same edge, or urgent data did.
    const bool may_hold_more = descriptor_.hung_up() || descriptor_.failed() || descriptor_.urgent();
    if (bytes < into.size() && !may_hold_more) descriptor_.clear_readable();
    return {IoResult::Status::ok, bytes};
  }
  if (got == 0) return {IoResult::Status::eof, 0};
  if (!would_block(errno)) return {IoResult::Status::error, 0};
  descriptor_.clear_readable();
  return {IoResult::Status::would_block, 0};
}

void SocketStream::before_write() {
  if (writes_ == Writes::any) return;
  if (writes_ == Writes::one) set_nodelay(descriptor_.fd());
  writes_ = writes_ == Writes::none ? Writes::one : Writes::any;
}

IoResult SocketStream::write(std::span<const std::byte> from) {
  before_write();
  ssize_t put = 0;
  do {
    put = send(descriptor_.fd(), from);
  } while (put < 0 && errno == EINTR);
  if (put >= 0) {
    const auto bytes = static_cast<std::size_t>(put);
    if (bytes < from.size()) descriptor_.clear_writable();
    return {IoResult::Status::ok, bytes};
  }
  if (!would_block(errno)) return {IoResult::Status::error, 0};
  descriptor_.clear_writable();
  return {IoResult::Status::would_block, 0};
}

// Splice takes nothing at the mark of urgent data either, as if it were the end.
bool SocketStream::ended() {
  std::byte next;
  return ::recv(descriptor_.fd(), &next, 1, MSG_PEEK) == 0;
}

// The event that tells of urgent data has not been seen: with it the rest is copied.
IoResult SocketStream::stopped_at_mark() {
  descriptor_.clear_readable();
  descriptor_.rearm();
  return {IoResult::Status::would_block, 0};
}

IoResult SocketStream::read(Pipe& into) {
  const ssize_t got = splice(descriptor_.fd(), into.in());
  if (got > 0) {
    into.bytes = static_cast<std::size_t>(got);
    return {IoResult::Status::ok, into.bytes};
  }
  if (got == 0) return ended() ? IoResult{IoResult::Status::eof, 0} : stopped_at_mark();
  if (!would_block(errno)) return {IoResult::Status::error, 0};
  descriptor_.clear_readable();
  return {IoResult::Status::would_block, 0};
}

IoResult SocketStream::write(Pipe& from) {
  before_write();
  const ssize_t put = splice(from.out(), descriptor_.fd(), from.bytes);
  if (put >= 0) {
    const auto bytes = static_cast<std::size_t>(put);
    from.bytes -= bytes;
    if (from.bytes > 0) descriptor_.clear_writable();
    return {IoResult::Status::ok, bytes};
  }
  if (!would_block(errno)) return {IoResult::Status::error, 0};
  descriptor_.clear_writable();
  return {IoResult::Status::would_block, 0};
}

void SocketStream::shutdown_write() { ::shutdown(descriptor_.fd(), SHUT_WR); }

IdleState SocketStream::peek() {
  pollfd look{descriptor_.fd(), POLLIN | POLLRDHUP, 0};
  if (::poll(&look, 1, 0) < 0 || (look.revents & (POLLERR | POLLNVAL)) != 0) return IdleState::failed;
  if ((look.revents & (POLLRDHUP | POLLHUP)) != 0) return IdleState::closed;
  return (look.revents & POLLIN) != 0 ? IdleState::banner : IdleState::quiet;
}

void SocketStream::abort() {
  const linger reset{1, 0};
  ::setsockopt(descriptor_.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

bool SocketStream::drained() {
  int unsent = 0;
  if (::ioctl(descriptor_.fd(), SIOCOUTQNSD, &unsent) != 0 || unsent == 0) return true;
  if (!std::exchange(draining_, true)) {
    // From now on the socket is writable only when nothing is left to send.
    const int mark = 1;
    ::setsockopt(descriptor_.fd(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &mark, sizeof mark);
    descriptor_.rearm();
  }
  return false;
}

}  // namespace fwd
