// The load generator of the benchmarks, and the server that answers it; see README.md beside it.

#include <csignal>
#include <cstdio>
#include <stdexcept>

#include "arrivals.h"
#include "bulk.h"
#include "exchanges.h"
#include "idle.h"
#include "options.h"
#include "paced.h"
#include "server.h"
#include "socket.h"

namespace {

using fwd::bench::Mode;
using fwd::bench::Outcome;

Outcome run(const fwd::bench::Options& options) {
  if (options.mode == Mode::bulk) return run_bulk(options);
  if (options.mode == Mode::arrivals) return run_arrivals(options);
  if (options.mode == Mode::idle) return run_idle(options);
  if (options.mode == Mode::pingpong && options.rate > 0) return run_paced(options);
  return run_exchanges(options);
}

double microseconds(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1000; }

void print(const Outcome& outcome) {
  const double seconds = outcome.elapsed.count();
  std::printf("{\"operations\": %llu, \"errors\": %llu, \"bytes\": %llu, \"seconds\": %.6f, \"rate\": %.1f, ",
              static_cast<unsigned long long>(outcome.operations),
              static_cast<unsigned long long>(outcome.errors), static_cast<unsigned long long>(outcome.bytes),
              seconds, seconds > 0 ? static_cast<double>(outcome.operations) / seconds : 0);
  std::printf(
      "\"p50_us\": %.1f, \"p99_us\": %.1f, \"p99_9_us\": %.1f, \"late_p99_us\": %.1f}\n",
      microseconds(outcome.latencies.percentile(0.5)), microseconds(outcome.latencies.percentile(0.99)),
      microseconds(outcome.latencies.percentile(0.999)), microseconds(outcome.lateness.percentile(0.99)));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto options = fwd::bench::parse_options({argv + 1, static_cast<std::size_t>(argc - 1)});
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
    fwd::bench::raise_descriptor_limit();
    if (options.mode == Mode::server) {
      fwd::bench::serve(options);
      return 0;
    }
    const Outcome outcome = run(options);
    print(outcome);
    return outcome.errors == 0 ? 0 : 1;
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "load: %s\n%s", error.what(), fwd::bench::usage().data());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "load: %s\n", error.what());
    return 2;
  }
}
