#pragma once

#include <cstddef>
#include <deque>

#include "net/stream.h"

namespace fwd {

// At most so many TLS handshakes at once on one loop, since each is work for its CPU; the others wait in
// turn. Loop thread only; outlives its slots.
class HandshakeSlots {
 public:
  static constexpr std::size_t kMost = 32;

  // Held by whoever shakes hands. Destroying it gives the place to the next.
  class Slot {
   public:
    explicit Slot(HandshakeSlots& slots) : slots_(slots) {}
    ~Slot() { release(); }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

    // True when it is granted; else `stream` is called again once it is.
    bool request(Stream& stream);
    void release();

   private:
    friend class HandshakeSlots;
    enum class State { idle, waiting, granted };

    HandshakeSlots& slots_;
    Stream* stream_ = nullptr;
    State state_ = State::idle;
  };

 private:
  std::size_t granted_ = 0;
  std::deque<Slot*> waiting_;
};

}  // namespace fwd
