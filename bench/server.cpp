#include "server.h"

#include <cstdio>
#include <memory>
#include <unordered_map>

#include "protocol.h"
#include "socket.h"

namespace fwd::bench {
namespace {

std::array<char, kChunkBytes> shared_buffer;

std::span<char> bytes_of(Message& message) { return {reinterpret_cast<char*>(&message), sizeof message}; }

class Session {
 public:
  explicit Session(Fd socket) : socket_(std::move(socket)) {}

  const Fd& socket() const { return socket_; }

  // One turn: at most a chunk, so that no session holds up the others. False: it is over.
  bool advance(Epoll& epoll) {
    switch (state_) {
      case State::question:
        return read_question(epoll);
      case State::sink:
        return sink(epoll);
      case State::source:
        return source(epoll);
      case State::answer:
        return write_answer(epoll);
    }
    return false;
  }

 private:
  enum class State { question, sink, source, answer };

  bool read_question(Epoll& epoll) {
    const Step step = receive_some(socket_, bytes_of(message_), message_offset_);
    if (step != Step::done || message_offset_ < sizeof message_)
      return step == Step::done || step == Step::blocked;
    message_offset_ = 0;
    pattern_offset_ = 0;
    switch (message_.ask) {
      case Ask::reply:
        return start_answer(epoll);
      case Ask::sink:
        state_ = State::sink;
        return true;
      case Ask::source:
        state_ = State::source;
        return wait_for(EPOLLOUT, epoll);
    }
    return false;
  }

  bool start_answer(Epoll& epoll) {
    message_ = answer_to(message_);
    state_ = State::answer;
    return write_answer(epoll);
  }

  bool write_answer(Epoll& epoll) {
    const Step step = send_some(socket_, bytes_of(message_), message_offset_);
    if (step != Step::done && step != Step::blocked) return false;
    if (message_offset_ < sizeof message_) return wait_for(EPOLLOUT, epoll);
    message_offset_ = 0;
    state_ = State::question;
    return wait_for(EPOLLIN, epoll);
  }

  bool sink(Epoll& epoll) {
    std::size_t received = 0;
    const auto room = std::min<std::uint64_t>(message_.bytes - pattern_offset_, shared_buffer.size());
    const Step step = receive_some(socket_, std::span(shared_buffer).first(room), received);
    if (step == Step::blocked) return true;
    if (step != Step::done || !matches_pattern(std::span(shared_buffer).first(received), pattern_offset_))
      return false;
    pattern_offset_ += received;
    return pattern_offset_ < message_.bytes || start_answer(epoll);
  }

  bool source(Epoll& epoll) {
    std::size_t sent = 0;
    const Step step = send_some(socket_, pattern_at(pattern_offset_, message_.bytes - pattern_offset_), sent);
    pattern_offset_ += sent;
    if (step != Step::done) return step == Step::blocked;
    if (pattern_offset_ < message_.bytes) return true;
    state_ = State::question;
    return wait_for(EPOLLIN, epoll);
  }

  bool wait_for(std::uint32_t events, Epoll& epoll) {
    if (events != events_) epoll.change(socket_, events, this);
    events_ = events;
    return true;
  }

  Fd socket_;
  State state_ = State::question;
  std::uint32_t events_ = EPOLLIN;
  Message message_;
  std::size_t message_offset_ = 0;
  std::uint64_t pattern_offset_ = 0;
};

class Server {
 public:
  explicit Server(const std::vector<sockaddr_in>& addresses) {
    for (const sockaddr_in& address : addresses) listeners_.push_back(listen_on(address));
    for (Fd& listener : listeners_) epoll_.add(listener, EPOLLIN, &listener);
  }

  void run(Clock::time_point end) {
    while (Clock::now() < end) {
      for (const epoll_event& event : epoll_.wait(end)) handle(event.data.ptr);
    }
  }

 private:
  void handle(void* owner) {
    for (const Fd& listener : listeners_) {
      if (owner == &listener) return accept_all(listener);
    }
    auto* session = static_cast<Session*>(owner);
    if (!session->advance(epoll_)) sessions_.erase(session);
  }

  void accept_all(const Fd& listener) {
    for (Fd socket = accept_from(listener); socket.valid(); socket = accept_from(listener)) {
      auto session = std::make_unique<Session>(std::move(socket));
      epoll_.add(session->socket(), EPOLLIN, session.get());
      sessions_.emplace(session.get(), std::move(session));
    }
  }

  Epoll epoll_;
  std::vector<Fd> listeners_;
  std::unordered_map<Session*, std::unique_ptr<Session>> sessions_;
};

}  // namespace

void serve(const Options& options) {
  Server server(options.addresses);
  std::puts("ready");
  std::fflush(stdout);
  server.run(Clock::now() + options.duration);
}

}  // namespace fwd::bench
