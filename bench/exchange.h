#pragma once

#include "link.h"
#include "protocol.h"

namespace fwd::bench {

// A question on its way to the server, and its answer; or the server's greeting.
class Exchange {
 public:
  static Exchange question();
  static Exchange upload(std::uint64_t bytes);  // of bulk behind the message
  static Exchange greeting();

  // Step::done: answered, and rightly. An end or a wrong answer is Step::failed.
  Step advance(Link& link);

 private:
  static Exchange asking(const Message& question);
  Step ask(Link& link);

  Message question_;
  Message expected_;
  Message answer_;
  std::size_t sent_ = 0;  // of the message
  std::uint64_t bulk_sent_ = 0;
  std::size_t received_ = 0;
};

}  // namespace fwd::bench
