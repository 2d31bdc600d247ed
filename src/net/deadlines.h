#pragma once

#include <cstddef>
#include <vector>

#include "core/time.h"
#include "net/poller.h"

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

// All deadlines of a loop: a binary heap, for whose first one the Poller waits.
class Deadlines {
 public:
  explicit Deadlines(Poller& poller);
  ~Deadlines() { poller_.set_deadlines(nullptr); }
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  // For the Poller. `timeout_ms` (-1: for ever), or less when a deadline comes before that.
  int shorten(int timeout_ms) const;
  // Calls the owners of those that are due.
  void fire(TimePoint now);

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

  Poller& poller_;
  std::vector<Entry> heap_;
};

}  // namespace fwd
