#include "exchanges.h"

#include "dial.h"
#include "exchange.h"

namespace fwd::bench {
namespace {

// More clients than this are opened as the first ones are answered, so that listen queues do not overflow.
constexpr std::size_t kMaxOpening = 256;
// How long an answer may take once no new question is asked.
constexpr auto kPatience = std::chrono::seconds(10);

struct Client {
  Link link;
  bool busy = false;
  Clock::time_point start;
  Exchange exchange;
};

class Exchanges {
 public:
  explicit Exchanges(const Options& options) : options_(options), clients_(options.connections) {}

  Outcome run() {
    const auto start = last_answer_ = Clock::now();
    end_ = start + options_.duration;
    for (std::size_t i = 0; i < kMaxOpening; ++i) open_next();
    run_until_quiet();
    outcome_.elapsed = last_answer_ - start;
    return outcome_;
  }

 private:
  void open_next() {
    if (next_client_ < clients_.size() && may_ask()) open(clients_[next_client_++]);
  }

  bool may_ask() const { return asked_ < options_.operations && Clock::now() < end_; }

  void open(Client& client) {
    const auto start = Clock::now();
    client.link = dial(options_, connections_opened_++);
    ask(client, start);
    if (!client.link.valid()) return fail(client);
    epoll_.add(client.link.socket(), EPOLLIN | EPOLLOUT | EPOLLET, &client);
  }

  void ask(Client& client, Clock::time_point start) {
    ++asked_;
    ++busy_;
    client.busy = true;
    client.start = start;
    client.exchange = options_.bytes > 0 ? Exchange::upload(options_.bytes) : Exchange::question();
  }

  // Runs until no client waits for an answer.
  void run_until_quiet() {
    while (busy_ > 0 && Clock::now() < end_ + kPatience) handle_events(end_ + kPatience);
    for (Client& client : clients_) {
      if (client.busy) fail(client);
    }
  }

  void handle_events(Clock::time_point until) {
    for (const epoll_event& event : epoll_.wait(until)) advance(*static_cast<Client*>(event.data.ptr));
  }

  void advance(Client& client) {
    while (client.busy) {
      const Step step = client.exchange.advance(client.link);
      if (step == Step::blocked) return;
      if (step == Step::done) {
        complete(client);
      } else {
        fail(client);
      }
      open_next();
      if (may_ask()) start_again(client);
    }
  }

  void start_again(Client& client) {
    if (options_.mode == Mode::connect) open(client);
    if (options_.mode == Mode::pingpong && client.link.valid()) ask(client, last_answer_);
  }

  void complete(Client& client) {
    last_answer_ = Clock::now();
    outcome_.latencies.add(last_answer_ - client.start);
    ++outcome_.operations;
    if (options_.mode == Mode::connect) client.link.reset();
    settle(client);
  }

  void fail(Client& client) {
    ++outcome_.errors;
    client.link.reset();
    settle(client);
  }

  void settle(Client& client) {
    client.busy = false;
    --busy_;
  }

  const Options& options_;
  Epoll epoll_;
  std::vector<Client> clients_;
  std::size_t next_client_ = 0;
  std::uint64_t connections_opened_ = 0;
  std::uint64_t asked_ = 0;
  std::uint64_t busy_ = 0;
  Clock::time_point end_;
  Clock::time_point last_answer_;
  Outcome outcome_;
};

}  // namespace

Outcome run_exchanges(const Options& options) { return Exchanges(options).run(); }

}  // namespace fwd::bench
