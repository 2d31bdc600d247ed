#include "exchange.h"

namespace fwd::bench {

Exchange Exchange::question() {
  Exchange exchange;
  exchange.question_ = make_message(Ask::reply);
  exchange.expected_ = answer_to(exchange.question_);
  return exchange;
}

Exchange Exchange::greeting() {
  Exchange exchange;
  exchange.expected_ = kGreeting;
  exchange.sent_ = sizeof exchange.question_;
  return exchange;
}

Step Exchange::advance(Link& link) {
  const std::span question(reinterpret_cast<const char*>(&question_), sizeof question_);
  const std::span answer(reinterpret_cast<char*>(&answer_), sizeof answer_);
  Step step = Step::done;
  while (step == Step::done && sent_ < question.size()) step = link.send(question, sent_);
  while (step == Step::done && received_ < answer.size()) step = link.receive(answer, received_);
  if (step == Step::blocked) return step;
  return step == Step::done && answer_ == expected_ ? Step::done : Step::failed;
}

}  // namespace fwd::bench
