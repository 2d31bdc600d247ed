#pragma once

#include "net/poller.h"
#include "net/socket.h"

namespace fwd {

// A listening socket on a worker's loop: accepts in batches, pauses and resumes. Loop thread only.
class Listener final : private Descriptor::Owner {
 public:
  class Owner {
   public:
    // Asked before each accept; true reserves a place for one connection, false pauses the listener.
    virtual bool may_accept() = 0;
    // Gives the place back: nobody is queued.
    virtual void nobody_accepted() = 0;
    // A connection, not blocking; `client` is unspecified for a Unix socket.
    virtual void accepted(Fd fd, const Endpoint& client) = 0;
    // Gives the place back: accept failed. The listener is paused when it is of no use to go on now, as
    // without descriptors or memory.
    virtual void accept_failed(bool paused) = 0;

   protected:
    ~Owner() = default;
  };

  // `fd` listens. Paused until resume().
  Listener(Poller& poller, Fd fd, Owner& owner) : owner_(owner), descriptor_(poller, std::move(fd), *this) {}
  ~Listener() { descriptor_.unwatch(); }

  bool watch() { return descriptor_.watch(); }
  bool paused() const { return paused_; }
  // Tries at once: connections that came during the pause make no new event.
  void resume();
  // Takes all that is queued, since closing a SO_REUSEPORT socket would lose it, and pauses. False when
  // may_accept stopped it before the end.
  bool drain();

 private:
  // Connections taken in one go before other descriptors get their turn.
  static constexpr int kBatch = 32;
  enum class Outcome { accepted, none, paused };

  void on_ready(Descriptor&) override;
  Outcome accept_one();

  Owner& owner_;
  Descriptor descriptor_;
  bool paused_ = true;
};

}  // namespace fwd
