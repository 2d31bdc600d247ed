#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "net/pipe_cache.h"
#include "net/poller.h"
#include "net/recycled.h"
#include "net/socket.h"

namespace fwd {

struct IoResult {
  enum class Status { ok, would_block, eof, error } status = Status::would_block;
  std::size_t bytes = 0;  // > 0 when ok
};

// What the peer of a link that nobody uses has done with it.
enum class IdleState {
  quiet,
  banner,  // bytes wait to be read
  closed,  // FIN, or close_notify, also when bytes came before it
  failed,  // a reset, or broken TLS
};

// One end of a session: bytes both ways, each direction closed on its own. Owned by whoever uses it, handed
// on with its registration in the poller. Loop thread only. Destroying it closes it: cleanly, unless abort()
// was called.
class Stream {
 public:
  class Owner {
   public:
    // Something may have changed: look at readable(), writable(), failed(). May destroy the stream.
    virtual void on_stream(Stream& stream) = 0;
    // The turn that call_again() asked for. May destroy the stream.
    virtual void on_turn(Stream& stream) { on_stream(stream); }

   protected:
    ~Owner() = default;
  };

  virtual ~Stream() = default;

  // Who is told of events; null for nobody. What was latched before stays to be seen.
  void set_owner(Owner* owner) { owner_ = owner; }

  virtual IoResult read(std::span<std::byte> into) = 0;
  virtual IoResult write(std::span<const std::byte> from) = 0;  // may take a part
  // Whether bytes can go through a pipe, without a copy, by the two that follow.
  virtual bool spliceable() const { return false; }
  virtual IoResult read(Pipe&) { return {IoResult::Status::error, 0}; }   // into an empty pipe
  virtual IoResult write(Pipe&) { return {IoResult::Status::error, 0}; }  // from a pipe that holds bytes
  virtual void shutdown_write() = 0;
  // Whether a shutdown_write() waits because the peer would answer it by closing (TLS 1.2); release_end()
  // sends it.
  virtual bool end_held() const { return false; }
  virtual void release_end() {}
  // The peer sees a reset, now or when the stream is destroyed.
  virtual void abort() = 0;
  // Whether all that was written is on its way, so that abort() loses nothing. When it is not, on_stream
  // comes once it is; nothing may be written meanwhile.
  virtual bool drained() = 0;

  // Looks at a link that nobody uses, without consuming what the peer sent. It asks the system, so it sees
  // also what no event has told yet.
  virtual IdleState peek() = 0;

  virtual bool readable() const = 0;  // worth a read
  virtual bool writable() const = 0;  // worth a write
  virtual bool failed() const = 0;    // a reset or another error has arrived
  // No more events of what arrives until a read would block.
  virtual void pause_input() = 0;
  // Asks for on_turn once others have been served, for work cut short.
  virtual void call_again() = 0;
  virtual void start_keepalive(const Keepalive& keepalive) = 0;

 protected:
  Owner* owner_ = nullptr;
};

// Ends an unused link so that the peer sees an orderly close: says goodbye, and throws away what waits to be
// read, since closing over unread bytes would make a reset of it.
void close_cleanly(std::unique_ptr<Stream> stream);

// A stream on a bare socket.
class SocketStream final : public Stream, public Recycled<SocketStream>, private Descriptor::Owner {
 public:
  // The socket must be connected or connecting, and not blocking.
  SocketStream(Poller& poller, Fd fd) : descriptor_(poller, std::move(fd), *this) {}

  // One of them must be called once before use. watch: false when the poller has no room.
  bool watch() { return descriptor_.watch(); }
  void watch_later() { descriptor_.watch_later(); }
  void assume_ready() { descriptor_.assume_ready(); }
  // Sets TCP_NODELAY when it is written to again: the first write is never held back, and often the only one.
  void set_nodelay_late() { writes_ = Writes::none; }
  int fd() const { return descriptor_.fd(); }

  IoResult read(std::span<std::byte> into) override;
  IoResult write(std::span<const std::byte> from) override;
  // At urgent data splice stops for good.
  bool spliceable() const override { return !descriptor_.urgent(); }
  IoResult read(Pipe& into) override;
  IoResult write(Pipe& from) override;
  void shutdown_write() override;
  void abort() override;
  bool drained() override;
  bool readable() const override { return descriptor_.readable(); }
  bool writable() const override { return descriptor_.writable(); }
  bool failed() const override { return descriptor_.failed(); }
  void pause_input() override { descriptor_.pause_input(); }
  void call_again() override { descriptor_.call_again(); }
  IdleState peek() override;
  void start_keepalive(const Keepalive& keepalive) override { set_keepalive(descriptor_.fd(), keepalive); }
  // For a layer above that reads and writes the descriptor itself.
  void clear_readable() { descriptor_.clear_readable(); }
  void clear_writable() { descriptor_.clear_writable(); }

 private:
  void on_ready(Descriptor&) override {
    if (owner_ != nullptr) owner_->on_stream(*this);
  }
  void on_turn(Descriptor&) override {
    if (owner_ != nullptr) owner_->on_turn(*this);
  }

  void before_write();
  bool ended();
  IoResult stopped_at_mark();

  // Counted until TCP_NODELAY is set; any: it needs no setting.
  enum class Writes : std::uint8_t { none, one, any };

  Descriptor descriptor_;
  bool draining_ = false;
  Writes writes_ = Writes::any;
};

}  // namespace fwd
