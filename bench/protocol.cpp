#include "protocol.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <system_error>
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

const std::vector<char>& pattern() {
  static const std::vector<char> made = make_pattern();
  return made;
}

Fd make_pattern_file() {
  Fd file(memfd_create("pattern", MFD_CLOEXEC));
  const auto size = static_cast<ssize_t>(pattern().size());
  if (!file.valid() || write(file.get(), pattern().data(), pattern().size()) != size) {
    throw std::system_error(errno, std::generic_category(), "memfd_create");
  }
  return file;
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

std::uint64_t pattern_offset(std::uint64_t offset) { return offset % kPeriod; }

std::span<const char> pattern_at(std::uint64_t offset, std::uint64_t bytes) {
  return {pattern().data() + pattern_offset(offset), std::min<std::uint64_t>(bytes, kChunkBytes)};
}

const Fd& pattern_file() {
  static const Fd file = make_pattern_file();
  return file;
}

bool matches_pattern(std::span<const char> data, std::uint64_t offset) {
  return std::ranges::equal(data, pattern_at(offset, data.size()));
}

}  // namespace fwd::bench
