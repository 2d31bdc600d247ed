#pragma once

#include "link.h"
#include "protocol.h"

namespace fwd::bench {

// A question on its way to the server, and its answer; or the server's greeting.
class Exchange {
 public:
  static Exchange question();
  static Exchange greeting();

  // Step::done: answered, and rightly. An end or a wrong answer is Step::failed.
  Step advance(Link& link);

 private:
  Message question_;
  Message expected_;
  Message answer_;
  std::size_t sent_ = 0;
  std::size_t received_ = 0;
};

}  // namespace fwd::bench
