#pragma once

#include <cstddef>
#include <vector>

#include "core/time.h"
#include "net/timer.h"

namespace fwd {

class Deadlines;

// A point in time at which its owner is called once. Cheap to move: no system call, no allocation beyond the
// heap's own growth. Loop thread only; destroying it cancels it, also from inside the callback.
class Deadline {
 public:
  class Owner {
   public:
    virtual void on_deadline(Deadline& deadline, TimePoint now) = 0;

   protected:
    ~Owner() = default;
  };

  Deadline(Deadlines& deadlines, Owner& owner) : deadlines_(deadlines), owner_(owner) {}
  ~Deadline() { cancel(); }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void set(TimePoint at);
  void cancel();

 private:
  friend class Deadlines;
  static constexpr std::size_t kUnset = static_cast<std::size_t>(-1);

  Deadlines& deadlines_;
  Owner& owner_;
  std::size_t position_ = kUnset;  // in the heap
};

// All deadlines of a loop: a binary heap over a single libuv timer, which is moved only when a deadline
// earlier than the one it waits for appears.
class Deadlines {
 public:
  explicit Deadlines(Loop& loop);

 private:
  friend class Deadline;
  struct Entry {
    TimePoint at;
    Deadline* deadline;
  };

  void place(std::size_t position, Entry entry);
  void sift_up(std::size_t position, Entry entry);
  void sift_down(std::size_t position, Entry entry);
  void remove(std::size_t position);
  void arm();
  void fire();

  Loop& loop_;
  std::vector<Entry> heap_;
  TimePoint armed_for_ = TimePoint::max();
  Timer timer_;
};

}  // namespace fwd
