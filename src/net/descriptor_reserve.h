#pragma once

#include <sys/socket.h>

#include "net/fd.h"

namespace fwd {

// A descriptor held back, so that a connection accepted with the last free one can still be dialled on. One a
// loop; loop thread only.
class DescriptorReserve {
 public:
  // True when the reserve is there, made anew if need be. Accept only then.
  bool replenish() {
    if (!held_) held_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return static_cast<bool>(held_);
  }
  // Sets the descriptor free for whoever ran out. False when there was none.
  bool release() {
    if (!held_) return false;
    held_.reset();
    return true;
  }

 private:
  Fd held_;
};

}  // namespace fwd
