#include "server.h"

#include <cstdio>
#include <memory>
#include <optional>
#include <unordered_map>

#include "link.h"
#include "protocol.h"
#include "socket.h"
#include "stop.h"

namespace fwd::bench {
namespace {

std::array<char, kChunkBytes> shared_buffer;

std::span<char> bytes_of(Message& message) { return {reinterpret_cast<char*>(&message), sizeof message}; }

struct Handshakes {
  unsigned long long all = 0;
  unsigned long long resumed = 0;
};

class Session {
 public:
  Session(Link link, Speaker first, Handshakes& handshakes)
      : link_(std::move(link)), first_(first), handshakes_(handshakes) {}

  const Fd& socket() const { return link_.socket(); }

  // One turn: at most a chunk, so that no session holds up the others. False: it is over.
  bool advance(Epoll& epoll) {
    do {
      if (!take_step(epoll)) return false;
    } while (reads() && link_.holds_data());
    return true;
  }

 private:
  enum class State { handshake, question, sink, source, answer };

  bool reads() const { return state_ == State::question || state_ == State::sink; }

  bool take_step(Epoll& epoll) {
    switch (state_) {
      case State::handshake:
        return shake_hands(epoll);
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

  bool shake_hands(Epoll& epoll) {
    const Step step = link_.handshake();
    if (step != Step::done) return step == Step::blocked;
    ++handshakes_.all;
    if (link_.resumed()) ++handshakes_.resumed;
    state_ = State::question;
    if (first_ == Speaker::client) return true;
    message_ = kGreeting;
    state_ = State::answer;
    return write_answer(epoll);
  }

  bool read_question(Epoll& epoll) {
    const Step step = link_.receive(bytes_of(message_), message_offset_);
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
    const Step step = link_.send(bytes_of(message_), message_offset_);
    if (step != Step::done && step != Step::blocked) return false;
    if (message_offset_ < sizeof message_) return wait_for(EPOLLOUT, epoll);
    message_offset_ = 0;
    state_ = State::question;
    return wait_for(EPOLLIN, epoll);
  }

  bool sink(Epoll& epoll) {
    std::size_t received = 0;
    const auto room = std::min<std::uint64_t>(message_.bytes - pattern_offset_, shared_buffer.size());
    const Step step = link_.receive(std::span(shared_buffer).first(room), received);
    if (step == Step::blocked) return true;
    if (step != Step::done || !matches_pattern(std::span(shared_buffer).first(received), pattern_offset_))
      return false;
    pattern_offset_ += received;
    return pattern_offset_ < message_.bytes || start_answer(epoll);
  }

  bool source(Epoll& epoll) {
    std::size_t sent = 0;
    const Step step = link_.send_pattern(pattern_offset_, message_.bytes - pattern_offset_, sent);
    pattern_offset_ += sent;
    if (step != Step::done) return step == Step::blocked;
    if (pattern_offset_ < message_.bytes) return true;
    state_ = State::question;
    return wait_for(EPOLLIN, epoll);
  }

  bool wait_for(std::uint32_t events, Epoll& epoll) {
    if (events != events_) epoll.change(link_.socket(), events, this);
    events_ = events;
    return true;
  }

  Link link_;
  Speaker first_;
  Handshakes& handshakes_;
  State state_ = State::handshake;
  std::uint32_t events_ = EPOLLIN;
  Message message_;
  std::size_t message_offset_ = 0;
  std::uint64_t pattern_offset_ = 0;
};

class Server {
 public:
  explicit Server(const Options& options) : first_(options.first) {
    if (!options.tls_file.empty())
      tls_ = Tls::server(options.tls_file, options.cipher_suite, options.resumption);
    for (const sockaddr_in& address : options.addresses) listeners_.push_back(listen_on(address));
    for (Fd& listener : listeners_) epoll_.add(listener, EPOLLIN, &listener);
  }

  // Without TLS every connection counts as a handshake.
  const Handshakes& handshakes() const { return handshakes_; }

  void run(Clock::time_point end) {
    while (Clock::now() < end && !stop_requested()) {
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
      auto session =
          std::make_unique<Session>(Link(std::move(socket), tls_ ? &*tls_ : nullptr), first_, handshakes_);
      epoll_.add(session->socket(), EPOLLIN, session.get());
      Session* added = session.get();
      sessions_.emplace(added, std::move(session));
      if (!added->advance(epoll_)) sessions_.erase(added);
    }
  }

  Speaker first_;
  Handshakes handshakes_;
  std::optional<Tls> tls_;
  Epoll epoll_;
  std::vector<Fd> listeners_;
  std::unordered_map<Session*, std::unique_ptr<Session>> sessions_;
};

}  // namespace

void serve(const Options& options) {
  stop_on_sigterm();
  Server server(options);
  std::puts("ready");
  std::fflush(stdout);
  server.run(Clock::now() + options.duration);
  const auto& [all, resumed] = server.handshakes();
  std::printf("{\"handshakes\": %llu, \"resumed\": %llu}\n", all, resumed);
}

}  // namespace fwd::bench
