#include "exchange.h"

namespace fwd::bench {

Exchange Exchange::question() { return asking(make_message(Ask::reply)); }

Exchange Exchange::upload(std::uint64_t bytes) { return asking(make_message(Ask::sink, bytes)); }

Exchange Exchange::asking(const Message& question) {
  Exchange exchange;
  exchange.question_ = question;
  exchange.expected_ = answer_to(exchange.question_);
  return exchange;
}

Exchange Exchange::greeting() {
  Exchange exchange;
  exchange.expected_ = kGreeting;
  exchange.sent_ = sizeof exchange.question_;
  return exchange;
}

Step Exchange::ask(Link& link) {
  const std::span question(reinterpret_cast<const char*>(&question_), sizeof question_);
  Step step = Step::done;
  while (step == Step::done && sent_ < question.size()) step = link.send(question, sent_);
  while (step == Step::done && bulk_sent_ < question_.bytes) {
    std::size_t sent = 0;
    step = link.send_pattern(bulk_sent_, question_.bytes - bulk_sent_, sent);
    bulk_sent_ += sent;
  }
  return step;
}

Step Exchange::advance(Link& link) {
  const std::span answer(reinterpret_cast<char*>(&answer_), sizeof answer_);
  Step step = ask(link);
  while (step == Step::done && received_ < answer.size()) step = link.receive(answer, received_);
  if (step == Step::blocked) return step;
  return step == Step::done && answer_ == expected_ ? Step::done : Step::failed;
}

}  // namespace fwd::bench
