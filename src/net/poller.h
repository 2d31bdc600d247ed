#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "net/fd.h"
#include "net/handle.h"
#include "net/loop.h"

namespace fwd {

class Poller;

// An owned descriptor that a Poller watches in both directions. Readable, writable and failed are latched:
// an event sets them, only an operation that would block (or falls short) clears the first two. So the code
// above tries first and waits only when it must. Not movable: the poller knows its address. Destroying it
// closes the descriptor, and no event for it is delivered afterwards.
class Descriptor {
 public:
  class Owner {
   public:
    // Flags changed, or the descriptor was on the ready list. May destroy the Descriptor.
    virtual void on_ready(Descriptor& descriptor) = 0;

   protected:
    ~Owner() = default;
  };

  Descriptor(Poller& poller, Fd fd, Owner& owner) : poller_(poller), owner_(&owner), fd_(std::move(fd)) {}
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  // Begins to watch. False when the system has no room for it.
  bool watch();
  // Ends watching at once; needed before closing when the same socket is open elsewhere too.
  void unwatch();
  // Asks for on_ready in the next pass of the loop although no event is due: for work cut short.
  void call_again();
  // Makes an event of what it is ready for now or next, although nothing has changed.
  void rearm();

  int fd() const { return fd_.get(); }
  bool readable() const { return readable_; }
  bool writable() const { return writable_; }
  bool hung_up() const { return hung_up_; }  // the peer has closed at least its sending side
  bool urgent() const { return urgent_; }    // TCP urgent data has come: reads stop short at its mark
  bool failed() const { return failed_; }    // a reset or another error has arrived

  void clear_readable() { readable_ = false; }
  void clear_writable() { writable_ = false; }
  // For a socket that is known to be writable, as one just accepted.
  void assume_writable() { writable_ = true; }

 private:
  friend class Poller;
  static constexpr std::uint32_t kUnwatched = static_cast<std::uint32_t>(-1);

  Poller& poller_;
  Owner* owner_;
  Fd fd_;
  std::uint32_t slot_ = kUnwatched;
  bool readable_ : 1 = false;
  bool writable_ : 1 = false;
  bool hung_up_ : 1 = false;
  bool failed_ : 1 = false;
  bool urgent_ : 1 = false;
  bool queued_ : 1 = false;  // on the ready list
};

// Watches the descriptors of one loop: an edge-triggered epoll set that libuv watches through one uv_poll_t,
// so that a descriptor costs one registration for its whole life. Loop thread only. Every Descriptor must be
// gone before its Poller.
class Poller {
 public:
  explicit Poller(Loop& loop);
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

 private:
  friend class Descriptor;
  // A slot outlives its descriptor, so that an event still queued for a closed one finds another generation.
  struct Slot {
    Descriptor* descriptor = nullptr;
    std::uint32_t generation = 0;
  };

  bool control(int operation, const Descriptor& descriptor, std::uint32_t slot);
  bool add(Descriptor& descriptor);
  void remove(Descriptor& descriptor);
  void enqueue(Descriptor& descriptor);
  void dispatch();
  void run_ready();

  Loop& loop_;
  Fd epoll_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::deque<std::uint64_t> ready_;  // slot and generation, as in the epoll data
  Handle<uv_poll_t, Poller> poll_;
  Handle<uv_idle_t, Poller> idle_;
};

}  // namespace fwd
