#pragma once

#include <functional>
#include <utility>

#include "net/loop.h"

namespace fwd {

// Calls back once in each pass of the loop, before it waits for events. At most one a loop. Loop thread only.
class PrepareHook {
 public:
  PrepareHook(Loop& loop, std::function<void()> on_prepare) : loop_(loop) {
    loop_.set_before_waiting(std::move(on_prepare));
  }
  ~PrepareHook() { loop_.set_before_waiting({}); }
  PrepareHook(const PrepareHook&) = delete;
  PrepareHook& operator=(const PrepareHook&) = delete;

 private:
  Loop& loop_;
};

}  // namespace fwd
