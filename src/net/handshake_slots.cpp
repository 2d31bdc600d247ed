#include "net/handshake_slots.h"

#include <algorithm>
#include <utility>

namespace fwd {

bool HandshakeSlots::Slot::request(Stream& stream) {
  if (state_ != State::idle) return state_ == State::granted;
  if (slots_.granted_ < kMost) {
    ++slots_.granted_;
    state_ = State::granted;
    return true;
  }
  stream_ = &stream;
  state_ = State::waiting;
  slots_.waiting_.push_back(this);
  return false;
}

void HandshakeSlots::Slot::release() {
  const State before = std::exchange(state_, State::idle);
  if (before == State::waiting) std::erase(slots_.waiting_, this);
  if (before != State::granted) return;
  if (slots_.waiting_.empty()) {
    --slots_.granted_;
    return;
  }
  Slot& next = *slots_.waiting_.front();
  slots_.waiting_.pop_front();
  next.state_ = State::granted;
  next.stream_->call_again();
}

}  // namespace fwd
