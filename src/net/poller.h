#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "net/fd.h"
#include "net/loop.h"

namespace fwd {

class Deadlines;
class Poller;

// An owned descriptor that a Poller watches in both directions. Readable, writable and failed are latched:
// an event sets them, only an operation that would block (or falls short) clears the first two. So the code
// above tries first and waits only when it must. Not movable: the poller knows its address. Destroying it
// closes the descriptor, and no event for it is delivered afterwards.
class Descriptor {
 public:
  class Owner {
   public:
    // Flags have changed. May destroy the Descriptor.
    virtual void on_ready(Descriptor& descriptor) = 0;
    // Its turn, which it asked for with call_again(). May destroy the Descriptor.
    virtual void on_turn(Descriptor& descriptor) { on_ready(descriptor); }

   protected:
    ~Owner() = default;
  };

  Descriptor(Poller& poller, Fd fd, Owner& owner) : poller_(poller), owner_(&owner), fd_(std::move(fd)) {}
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  // Begins to watch. False when the system has no room for it.
  bool watch();
  // The same, before the loop waits next, and without output events when it is writable by then: what is done
  // meanwhile makes no event. Where the system has no room for it, it fails as after a reset.
  void watch_later();
  // Ends watching at once; needed before closing when the same socket is open elsewhere too.
  void unwatch();
  // Asks for on_turn after the events of this pass or the next: for work cut short.
  void call_again();
  // Makes an event of what it is ready for now or next, although nothing has changed.
  void rearm();

  int fd() const { return fd_.get(); }
  bool readable() const { return readable_; }
  bool writable() const { return writable_; }
  bool hung_up() const { return hung_up_; }  // the peer has closed at least its sending side
  bool urgent() const { return urgent_; }    // TCP urgent data has come: reads stop short at its mark
  bool failed() const { return failed_; }    // a reset or another error has arrived

  void clear_readable();
  void clear_writable();
  // No more input events until a read was tried and would block: for a source that has to wait anyway.
  void pause_input();
  // For a socket that is worth a try, as one just accepted.
  void assume_ready() { readable_ = writable_ = true; }

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
  bool queued_ : 1 = false;      // waits for its turn
  bool registered_ : 1 = false;  // in the epoll set
  bool input_ : 1 = true;        // the set is asked for input
  bool output_ : 1 = true;       // and for output
};

// Watches the descriptors of one loop: an edge-triggered epoll set, so that a descriptor costs one
// registration for its whole life. libuv's own descriptor is in the set, not the other way round: a set that
// another one watches takes a lock of the whole system for each registration. Loop thread only. Every
// Descriptor must be gone before its Poller.
class Poller {
 public:
  explicit Poller(Loop& loop);
  ~Poller() { loop_.set_poller(nullptr); }
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // A pass: waits for events, not at all when turns are due, delivers them, gives turns, and calls whose
  // deadline is over. `timeout_ms`: -1 for ever. True when libuv has something to do.
  bool wait(int timeout_ms);

  // For the Deadlines of this loop; null when they go.
  void set_deadlines(Deadlines* deadlines) { deadlines_ = deadlines; }

 private:
  friend class Descriptor;
  // A slot outlives its descriptor, so that an event still queued for a closed one finds another generation.
  struct Slot {
    Descriptor* descriptor = nullptr;
    std::uint32_t generation = 0;
  };

  void assign_slot(Descriptor& descriptor);
  bool control(int operation, Descriptor& descriptor);
  void remove(Descriptor& descriptor);
  void enqueue(Descriptor& descriptor);
  Descriptor* find(std::uint64_t entry) const;
  void register_new();
  void deliver(std::uint32_t events, Descriptor& descriptor);
  void give_turns();

  Loop& loop_;
  Deadlines* deadlines_ = nullptr;
  Fd epoll_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  // Slot and generation, as in the epoll data.
  std::vector<std::uint64_t> new_;
  std::deque<std::uint64_t> turns_;
};

}  // namespace fwd
