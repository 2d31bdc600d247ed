#include "protocol.h"

#include <algorithm>
#include <random>
#include <vector>

namespace fwd::bench {
namespace {

constexpr std::size_t kPeriod = 65'521;

std::vector<char> make_pattern() {
  std::vector<char> pattern(kPeriod + kChunkBytes);
  std::mt19937 random(1);
  for (std::size_t i = 0; i < kPeriod; ++i) pattern[i] = static_cast<char>(random());
  for (std::size_t i = kPeriod; i < pattern.size(); ++i) pattern[i] = pattern[i - kPeriod];
  return pattern;
}

}  // namespace

Message make_message(Ask ask, std::uint64_t bytes) {
  static std::uint64_t number = 0;
  Message message{ask, bytes, {}};
  for (std::uint64_t& word : message.content) word = ++number * 0x9E3779B97F4A7C15u;
  return message;
}

Message answer_to(const Message& question) {
  Message answer = question;
  answer.ask = static_cast<Ask>(~static_cast<std::uint64_t>(question.ask));
  answer.bytes = ~question.bytes;
  for (std::uint64_t& word : answer.content) word = ~word;
  return answer;
}

std::span<const char> pattern_at(std::uint64_t offset, std::uint64_t bytes) {
  static const std::vector<char> pattern = make_pattern();
  return {pattern.data() + offset % kPeriod, std::min<std::uint64_t>(bytes, kChunkBytes)};
}

bool matches_pattern(std::span<const char> data, std::uint64_t offset) {
  return std::ranges::equal(data, pattern_at(offset, data.size()));
}

}  // namespace fwd::bench
