#include "options.h"

#include <charconv>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "socket.h"

namespace fwd::bench {

std::string_view usage() {
  return "usage: load server|connect|pingpong|idle|bulk|arrivals IPv4:PORT... [options]\n"
         "  server    answers on these addresses what the other modes ask; ends after --seconds (default "
         "3600) or at\n"
         "            SIGTERM, and says how many TLS sessions there were\n"
         "  connect   each client in turn connects, asks 64 bytes, is answered 64 bytes, closes\n"
         "  pingpong  each client asks and is answered again and again on one connection\n"
         "  idle      opens and uses every connection once, holds them for --seconds, uses them again\n"
         "  bulk      sends and fetches --bytes over --connections streams in each direction\n"
         "  arrivals  clients come at random times, --rate a second whatever becomes of them, and ask once;\n"
         "            latencies count from the intended start\n"
         "options\n"
         "  --connections N   clients at the same time (default 100)\n"
         "  --seconds S       at most so long (default 10)\n"
         "  --operations N    at most so many (connect, pingpong, arrivals)\n"
         "  --sources N       connect from 127.0.0.2, 127.0.0.3, ... in turn, N of them, so that ports do "
         "not run "
         "out\n"
         "  --bytes N         bulk: in each direction (default 1000000000), 0: until --seconds are over, or "
         "SIGTERM;\n"
         "                    idle: of bulk in each direction on each connection, before it is held (default "
         "0);\n"
         "                    connect, pingpong: of bulk behind each question (default 0)\n"
         "  --direction D     bulk: up, down or both (default)\n"
         "  --first WHO       server, arrivals: who speaks first, client (default) or server\n"
         "  --tls FILE        PEM; server: its certificate and key; arrivals: the certificates it trusts\n"
         "  --cipher-suite S  server: TLS 1.3 with this suite only\n"
         "  --resumption W    server: of TLS sessions, yes (default) or no\n"
         "  --rate N          arrivals: so many a second on average (default 100);\n"
         "                    pingpong: so many over all connections at even times, latencies count from "
         "those\n"
         "  --seed N          arrivals: their times are drawn from it (default 1)\n"
         "  --session S       arrivals: each stays so many seconds, or until it is answered (default 0)\n"
         "  --log FILE        arrivals: start and latency of each, in microseconds\n";
}

namespace {

[[noreturn]] void refuse(const std::string& message) { throw std::invalid_argument(message); }

template <typename Value>
Value choose(const std::map<std::string_view, Value>& choices, std::string_view text) {
  const auto found = choices.find(text);
  if (found == choices.end()) refuse("'" + std::string(text) + "' is not known");
  return found->second;
}

template <typename Number>
Number number(std::string_view name, std::string_view text, Number least, Number most) {
  Number value{};
  const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
  if (error == std::errc() && end == text.end() && value >= least && value <= most) return value;
  std::ostringstream message;
  message << name << ' ' << text << ": a number from " << least << " to " << most << " is wanted";
  refuse(message.str());
}

std::chrono::milliseconds milliseconds(std::string_view name, std::string_view text) {
  return std::chrono::milliseconds(static_cast<int>(1000 * number<double>(name, text, 0, 86'400)));
}

bool set_tls_option(Options& options, std::string_view name, std::string_view text) {
  if (name == "--tls") {
    options.tls_file = text;
  } else if (name == "--cipher-suite") {
    options.cipher_suite = text;
  } else if (name == "--resumption") {
    options.resumption = choose<bool>({{"yes", true}, {"no", false}}, text);
  } else {
    return false;
  }
  return true;
}

bool set_arrival_option(Options& options, std::string_view name, std::string_view text) {
  if (name == "--first") {
    options.first = choose<Speaker>({{"client", Speaker::client}, {"server", Speaker::server}}, text);
  } else if (name == "--rate") {
    options.rate = number<double>(name, text, 0.001, 1'000'000);
  } else if (name == "--seed") {
    options.seed = number<std::uint64_t>(name, text, 0, std::numeric_limits<std::uint64_t>::max());
  } else if (name == "--session") {
    options.session = milliseconds(name, text);
  } else if (name == "--log") {
    options.log_file = text;
  } else {
    return false;
  }
  return true;
}

void set_option(Options& options, std::string_view name, std::string_view text) {
  constexpr std::uint64_t kMany = 1'000'000'000'000;
  if (name == "--connections") {
    options.connections = number<std::size_t>(name, text, 1, 1'000'000);
  } else if (name == "--seconds") {
    options.duration = milliseconds(name, text);
  } else if (name == "--operations") {
    options.operations = number<std::uint64_t>(name, text, 1, kMany);
  } else if (name == "--sources") {
    options.sources = number<unsigned>(name, text, 0, 250);
  } else if (name == "--bytes") {
    options.bytes = number<std::uint64_t>(name, text, 0, kMany);
  } else if (name == "--direction") {
    options.direction = choose<Direction>(
        {{"up", Direction::up}, {"down", Direction::down}, {"both", Direction::both}}, text);
  } else if (!set_tls_option(options, name, text) && !set_arrival_option(options, name, text)) {
    refuse("unknown option " + std::string(name));
  }
}

}  // namespace

Options parse_options(std::span<char*> arguments) {
  if (arguments.empty()) refuse("no mode given");
  Options options;
  options.mode = choose<Mode>({{"server", Mode::server},
                               {"connect", Mode::connect},
                               {"pingpong", Mode::pingpong},
                               {"idle", Mode::idle},
                               {"bulk", Mode::bulk},
                               {"arrivals", Mode::arrivals}},
                              arguments[0]);
  if (options.mode == Mode::server) options.duration = std::chrono::hours(1);
  if (options.mode == Mode::bulk) options.bytes = 1'000'000'000;
  if (options.mode == Mode::arrivals) options.rate = 100;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    if (!word.starts_with("--")) {
      options.addresses.push_back(parse_address(word));
    } else if (++i < arguments.size()) {
      set_option(options, word, arguments[i]);
    } else {
      refuse(std::string(word) + " needs a value");
    }
  }
  if (options.addresses.empty()) refuse("no address given");
  return options;
}

}  // namespace fwd::bench
