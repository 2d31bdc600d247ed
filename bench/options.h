#pragma once

#include <netinet/in.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "latencies.h"

namespace fwd::bench {

enum class Mode { server, connect, pingpong, idle, bulk };
enum class Direction { up, down, both };

std::string_view usage();

struct Options {
  Mode mode = Mode::server;
  std::vector<sockaddr_in> addresses;  // to listen on, or to connect to in turn
  std::size_t connections = 100;       // bulk: streams in each direction
  std::chrono::milliseconds duration{10'000};
  std::uint64_t operations = std::numeric_limits<std::uint64_t>::max();
  unsigned sources = 0;  // connect from so many of 127.0.0.2, 127.0.0.3, ... in turn; 0: unbound
  std::uint64_t bytes = 1'000'000'000;  // bulk: in each direction, over all streams
  Direction direction = Direction::both;
};

// Throws std::invalid_argument with a message for the user.
Options parse_options(std::span<char*> arguments);

// What a load came to.
struct Outcome {
  std::uint64_t operations = 0;
  std::uint64_t errors = 0;
  std::uint64_t bytes = 0;  // of bulk data
  std::chrono::duration<double> elapsed{};
  Latencies latencies;
};

}  // namespace fwd::bench
