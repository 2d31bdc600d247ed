#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "socket.h"

namespace fwd::bench {

// What a client asks of the server, and how both know that every byte arrived.
enum class Ask : std::uint64_t {
  reply,   // answer this message
  sink,    // take `bytes` of the pattern, then answer this message
  source,  // send `bytes` of the pattern
};

struct Message {
  Ask ask = Ask::reply;
  std::uint64_t bytes = 0;
  std::array<std::uint64_t, 6> content{};  // differs from message to message

  bool operator==(const Message&) const = default;
};
static_assert(sizeof(Message) == 64);

Message make_message(Ask ask, std::uint64_t bytes = 0);

// Every bit inverted: an echo of the question is no answer, nor is the answer to another one.
Message answer_to(const Message& question);

// What a server says that speaks first.
inline constexpr Message kGreeting{.ask = Ask::reply, .bytes = 0, .content = {1, 2, 3, 4, 5, 6}};

// Bulk data is an endless pattern whose period divides no buffer size, so that lost, doubled or swapped
// blocks show.
constexpr std::size_t kChunkBytes = 262'144;
std::span<const char> pattern_at(std::uint64_t offset, std::uint64_t bytes);  // at most one chunk
// The same as a file in memory; there position `offset` is at:
const Fd& pattern_file();
std::uint64_t pattern_offset(std::uint64_t offset);
bool matches_pattern(std::span<const char> data, std::uint64_t offset);

}  // namespace fwd::bench
