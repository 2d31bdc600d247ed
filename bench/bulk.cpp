#include "bulk.h"

#include <algorithm>
#include <deque>

#include "protocol.h"
#include "socket.h"

namespace fwd::bench {
namespace {

std::array<char, kChunkBytes> shared_buffer;

// One stream: asks, then sends the pattern and is answered (up), or fetches the pattern (down).
class Stream {
 public:
  Stream(const sockaddr_in& target, Message question)
      : socket_(start_connect(target, {})), question_(question) {}

  const Fd& socket() const { return socket_; }
  std::uint64_t moved() const { return moved_; }
  void close() { socket_.reset(); }

  // One turn, of at most a chunk. Step::done: go on; ended: all bytes have been moved and verified.
  Step advance(Epoll& epoll) {
    if (asked_ < sizeof question_) return ask(epoll);
    if (question_.ask == Ask::source) return fetch();
    return moved_ < question_.bytes ? send_pattern(epoll) : read_answer();
  }

 private:
  Step ask(Epoll& epoll) {
    const Step step =
        send_some(socket_, {reinterpret_cast<const char*>(&question_), sizeof question_}, asked_);
    if (asked_ == sizeof question_ && question_.ask == Ask::source) epoll.change(socket_, EPOLLIN, this);
    return step;
  }

  Step send_pattern(Epoll& epoll) {
    std::size_t sent = 0;
    const Step step = send_some(socket_, pattern_at(moved_, question_.bytes - moved_), sent);
    moved_ += sent;
    if (moved_ == question_.bytes) epoll.change(socket_, EPOLLIN, this);
    return step;
  }

  Step read_answer() {
    const std::span answer(reinterpret_cast<char*>(&answer_), sizeof answer_);
    const Step step = receive_some(socket_, answer, answered_);
    if (step == Step::ended) return Step::failed;
    if (answered_ < sizeof answer_) return step;
    return answer_ == answer_to(question_) ? Step::ended : Step::failed;
  }

  Step fetch() {
    std::size_t received = 0;
    const auto room = std::min<std::uint64_t>(question_.bytes - moved_, shared_buffer.size());
    const Step step = receive_some(socket_, std::span(shared_buffer).first(room), received);
    if (step == Step::ended) return Step::failed;
    if (!matches_pattern(std::span(shared_buffer).first(received), moved_)) return Step::failed;
    moved_ += received;
    return moved_ == question_.bytes ? Step::ended : step;
  }

  Fd socket_;
  Message question_;
  Message answer_;
  std::size_t asked_ = 0;
  std::size_t answered_ = 0;
  std::uint64_t moved_ = 0;
};

class Bulk {
 public:
  explicit Bulk(const Options& options) {
    if (options.direction != Direction::down) add_streams(options, Ask::sink);
    if (options.direction != Direction::up) add_streams(options, Ask::source);
  }

  Outcome run(Clock::duration limit) {
    while (open_ > 0 && Clock::now() < start_ + limit) {
      for (const epoll_event& event : epoll_.wait(start_ + limit))
        advance(*static_cast<Stream*>(event.data.ptr));
    }
    outcome_.errors += open_;
    outcome_.elapsed = Clock::now() - start_;
    for (const Stream& stream : streams_) outcome_.bytes += stream.moved();
    return outcome_;
  }

 private:
  void add_streams(const Options& options, Ask ask) {
    const std::uint64_t share = options.bytes / options.connections;
    std::uint64_t rest = options.bytes % options.connections;
    for (std::size_t i = 0; i < options.connections; ++i) {
      const std::uint64_t bytes = share + (rest > 0 ? 1 : 0);
      rest -= rest > 0 ? 1 : 0;
      add_stream(options.addresses[i % options.addresses.size()], make_message(ask, bytes));
    }
  }

  void add_stream(const sockaddr_in& target, const Message& question) {
    Stream& stream = streams_.emplace_back(target, question);
    if (!stream.socket().valid()) {
      ++outcome_.errors;
      return;
    }
    epoll_.add(stream.socket(), EPOLLOUT, &stream);
    ++open_;
  }

  void advance(Stream& stream) {
    const Step step = stream.advance(epoll_);
    if (step != Step::ended && step != Step::failed) return;
    if (step == Step::ended) {
      ++outcome_.operations;
      outcome_.latencies.add(Clock::now() - start_);
    } else {
      ++outcome_.errors;
    }
    stream.close();
    --open_;
  }

  Epoll epoll_;
  std::deque<Stream> streams_;
  std::uint64_t open_ = 0;
  Clock::time_point start_ = Clock::now();
  Outcome outcome_;
};

}  // namespace

Outcome run_bulk(const Options& options) { return Bulk(options).run(options.duration); }

}  // namespace fwd::bench
