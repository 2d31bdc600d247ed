#include "net/handshake_slots.h"

#include <algorithm>
#include <utility>

namespace fwd {

bool HandshakeSlots::Slot::request(Stream& stream, bool for_client) {
  if (state_ != State::idle) return state_ == State::granted;
  if (slots_.granted_ < (for_client ? kMost : kMostAhead)) {
    ++slots_.granted_;
    state_ = State::granted;
    return true;
  }
  stream_ = &stream;
  state_ = State::waiting;
  (for_client ? slots_.clients_ : slots_.ahead_).push_back(this);
  return false;
}

void HandshakeSlots::Slot::release() {
  const State before = std::exchange(state_, State::idle);
  if (before == State::waiting) {
    std::erase(slots_.clients_, this);
    std::erase(slots_.ahead_, this);
  }
  if (before != State::granted) return;
  --slots_.granted_;
  if (Slot* next = slots_.next()) {
    ++slots_.granted_;
    next->state_ = State::granted;
    next->stream_->call_again();
  }
}

HandshakeSlots::Slot* HandshakeSlots::next() {
  const bool ahead_may = granted_ < kMostAhead;
  std::deque<Slot*>& queue = clients_.empty() && ahead_may ? ahead_ : clients_;
  if (queue.empty()) return nullptr;
  Slot* slot = queue.front();
  queue.pop_front();
  return slot;
}

}  // namespace fwd
