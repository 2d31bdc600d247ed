#include "transfer.h"

#include <algorithm>
#include <array>

namespace fwd::bench {
namespace {

std::array<char, kChunkBytes> shared_buffer;

}  // namespace

bool Transfer::wants_to_send() const {
  return asked_ < sizeof question_ || (question_.ask == Ask::sink && moved_ < question_.bytes);
}

Step Transfer::advance(Link& link) {
  if (asked_ < sizeof question_) return ask(link);
  if (question_.ask == Ask::source) return fetch(link);
  return moved_ < question_.bytes ? send_pattern(link) : read_answer(link);
}

Step Transfer::ask(Link& link) {
  return link.send({reinterpret_cast<const char*>(&question_), sizeof question_}, asked_);
}

Step Transfer::send_pattern(Link& link) {
  std::size_t sent = 0;
  const Step step = link.send_pattern(moved_, question_.bytes - moved_, sent);
  moved_ += sent;
  return step;
}

Step Transfer::read_answer(Link& link) {
  const Step step = link.receive({reinterpret_cast<char*>(&answer_), sizeof answer_}, answered_);
  if (step == Step::ended) return Step::failed;
  if (answered_ < sizeof answer_) return step;
  return answer_ == answer_to(question_) ? Step::ended : Step::failed;
}

Step Transfer::fetch(Link& link) {
  std::size_t received = 0;
  const auto room = std::min<std::uint64_t>(question_.bytes - moved_, shared_buffer.size());
  const Step step = link.receive(std::span(shared_buffer).first(room), received);
  if (step == Step::ended) return Step::failed;
  if (!matches_pattern(std::span(shared_buffer).first(received), moved_)) return Step::failed;
  moved_ += received;
  return moved_ == question_.bytes ? Step::ended : step;
}

}  // namespace fwd::bench
