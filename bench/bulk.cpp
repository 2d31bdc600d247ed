#include "bulk.h"

#include <deque>

#include "dial.h"
#include "protocol.h"
#include "stop.h"
#include "transfer.h"

namespace fwd::bench {
namespace {

constexpr std::uint64_t kEndless = std::uint64_t{1} << 60;

struct Stream {
  Link link;
  Transfer transfer;
  std::uint32_t events = EPOLLOUT;
};

class Bulk {
 public:
  explicit Bulk(const Options& options) : options_(options) {
    if (options.direction != Direction::down) add_streams(Ask::sink);
    if (options.direction != Direction::up) add_streams(Ask::source);
  }

  Outcome run() {
    const auto end = start_ + options_.duration;
    while (open_ > 0 && Clock::now() < end && !(endless() && stop_requested())) {
      for (const epoll_event& event : epoll_.wait(end)) advance(*static_cast<Stream*>(event.data.ptr));
    }
    if (!endless()) outcome_.errors += open_;
    outcome_.elapsed = Clock::now() - start_;
    for (const Stream& stream : streams_) outcome_.bytes += stream.transfer.moved();
    return outcome_;
  }

 private:
  bool endless() const { return options_.bytes == 0; }

  void add_streams(Ask ask) {
    const std::uint64_t share = options_.bytes / options_.connections;
    std::uint64_t rest = options_.bytes % options_.connections;
    for (std::size_t i = 0; i < options_.connections; ++i) {
      add_stream(i, make_message(ask, endless() ? kEndless : share + (rest > 0 ? 1 : 0)));
      rest -= rest > 0 ? 1 : 0;
    }
  }

  void add_stream(std::uint64_t number, const Message& question) {
    Stream& stream = streams_.emplace_back(Stream{dial(options_, number), Transfer(question)});
    if (!stream.link.valid()) {
      ++outcome_.errors;
      return;
    }
    epoll_.add(stream.link.socket(), stream.events, &stream);
    ++open_;
  }

  void advance(Stream& stream) {
    const Step step = stream.transfer.advance(stream.link);
    if (step == Step::ended || step == Step::failed) return close(stream, step);
    const std::uint32_t wanted = stream.transfer.wants_to_send() ? EPOLLOUT : EPOLLIN;
    if (wanted != stream.events) epoll_.change(stream.link.socket(), wanted, &stream);
    stream.events = wanted;
  }

  void close(Stream& stream, Step step) {
    if (step == Step::ended) {
      ++outcome_.operations;
      outcome_.latencies.add(Clock::now() - start_);
    } else {
      ++outcome_.errors;
    }
    stream.link.reset();
    --open_;
  }

  const Options& options_;
  Epoll epoll_;
  std::deque<Stream> streams_;
  std::uint64_t open_ = 0;
  Clock::time_point start_ = Clock::now();
  Outcome outcome_;
};

}  // namespace

Outcome run_bulk(const Options& options) {
  if (options.bytes == 0) stop_on_sigterm();
  return Bulk(options).run();
}

}  // namespace fwd::bench
