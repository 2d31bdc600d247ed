#pragma once

#include <cstddef>
#include <deque>

#include "net/stream.h"

namespace fwd {

// At most so many TLS handshakes at once with one backend on one loop, since each is work for both; the
// others wait in turn. A backend that stalls holds up nobody else. Those that a client waits for go first and
// may use every place, the others at most half of them. Loop thread only; outlives its slots.
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
    bool request(Stream& stream, bool for_client);
    bool waiting() const { return state_ == State::waiting; }
    void release();

   private:
    friend class HandshakeSlots;
    enum class State { idle, waiting, granted };

    HandshakeSlots& slots_;
    Stream* stream_ = nullptr;
    State state_ = State::idle;
  };

 private:
  static constexpr std::size_t kMostAhead = kMost / 2;

  Slot* next();

  std::size_t granted_ = 0;
  std::deque<Slot*> clients_;  // waiting
  std::deque<Slot*> ahead_;    // waiting, with no client behind them
};

}  // namespace fwd
