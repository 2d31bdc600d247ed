#pragma once

#include "link.h"
#include "protocol.h"

namespace fwd::bench {

// Bulk data of one question: sent and then acknowledged (Ask::sink), or fetched (Ask::source). Every byte is
// compared.
class Transfer {
 public:
  explicit Transfer(const Message& question) : question_(question) {}

  std::uint64_t moved() const { return moved_; }
  bool wants_to_send() const;  // else it waits for the server

  // One turn, of at most a chunk. Step::done: go on; ended: all bytes have been moved and verified.
  Step advance(Link& link);

 private:
  Step ask(Link& link);
  Step send_pattern(Link& link);
  Step read_answer(Link& link);
  Step fetch(Link& link);

  Message question_;
  Message answer_;
  std::size_t asked_ = 0;
  std::size_t answered_ = 0;
  std::uint64_t moved_ = 0;
};

}  // namespace fwd::bench
