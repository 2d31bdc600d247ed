#pragma once

#include <netinet/in.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "latencies.h"

namespace fwd::bench {

enum class Mode { server, connect, pingpong, idle, bulk, arrivals };
enum class Direction { up, down, both };
enum class Speaker { client, server };

std::string_view usage();

struct Options {
  Mode mode = Mode::server;
  std::vector<sockaddr_in> addresses;  // to listen on, or to connect to in turn
  std::size_t connections = 100;       // bulk: streams in each direction
  std::chrono::milliseconds duration{10'000};
  std::uint64_t operations = std::numeric_limits<std::uint64_t>::max();
  unsigned sources = 0;     // connect from so many of 127.0.0.2, 127.0.0.3, ... in turn; 0: unbound
  std::uint64_t bytes = 0;  // in each direction; bulk: over all streams, 0: endless; idle: of each
                            // connection; connect, pingpong: behind each question
  Direction direction = Direction::both;
  Speaker first = Speaker::client;       // server, arrivals: who begins
  std::string tls_file;                  // PEM; server: its certificate and key, arrivals: whom it trusts
  double rate = 0;                       // a second; arrivals: on average, pingpong: 0: a closed loop
  std::string cipher_suite;              // server: TLS 1.3 and this only
  bool resumption = true;                // server: of TLS sessions
  std::uint64_t seed = 1;                // arrivals: of their times
  std::chrono::milliseconds session{0};  // arrivals: each stays at least so long
  std::string log_file;                  // arrivals: gets a line for each, its start and latency in us
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
  Latencies lateness;  // arrivals: how late they were begun
};

}  // namespace fwd::bench
