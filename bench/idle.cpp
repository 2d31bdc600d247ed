#include "idle.h"

#include <algorithm>
#include <cstdio>
#include <variant>

#include "dial.h"
#include "exchange.h"
#include "transfer.h"

namespace fwd::bench {
namespace {

// More connections than this are not worked at once: listen queues do not overflow, no transfer waits for
// long.
constexpr std::size_t kMaxBusy = 64;
constexpr auto kPatience = std::chrono::seconds(60);  // with each phase

using Task = std::variant<Exchange, Transfer>;

Step finish(Exchange& exchange, Link& link) { return exchange.advance(link); }

Step finish(Transfer& transfer, Link& link) {
  Step step = Step::done;
  while (step == Step::done) step = transfer.advance(link);
  return step == Step::ended ? Step::done : step;
}

struct Client {
  Link link;
  bool busy = false;
  Clock::time_point start;
  Task task;
};

class Idle {
 public:
  explicit Idle(const Options& options) : options_(options), clients_(options.connections) {}

  Outcome run() {
    const auto start = Clock::now();
    run_phase([this](Client& client) { open(client); }, Exchange::question);
    if (options_.bytes > 0) {
      run_phase([](Client&) {}, [this] { return Transfer(make_message(Ask::sink, options_.bytes)); });
      run_phase([](Client&) {}, [this] { return Transfer(make_message(Ask::source, options_.bytes)); });
    }
    hold();
    run_phase([](Client&) {}, Exchange::question);
    outcome_.elapsed = Clock::now() - start;
    return outcome_;
  }

 private:
  // Every client that is still connected fulfils a task.
  template <typename Prepare, typename MakeTask>
  void run_phase(Prepare prepare, MakeTask make_task) {
    const auto end = Clock::now() + kPatience;
    std::size_t next = 0;
    while ((next < clients_.size() || busy_ > 0) && Clock::now() < end) {
      for (; next < clients_.size() && busy_ < kMaxBusy; ++next) {
        start(clients_[next], prepare, make_task);
      }
      if (busy_ > 0) handle_events(end);
    }
    outcome_.errors += clients_.size() - next;
    for (Client& client : clients_) {
      if (client.busy) settle(client, Step::failed);
    }
  }

  template <typename Prepare, typename MakeTask>
  void start(Client& client, Prepare prepare, MakeTask make_task) {
    client.start = Clock::now();
    prepare(client);
    if (!client.link.valid()) return;
    client.task = make_task();
    client.busy = true;
    ++busy_;
    advance(client);
  }

  void open(Client& client) {
    client.link = dial(options_, static_cast<std::uint64_t>(&client - clients_.data()));
    if (client.link.valid()) {
      epoll_.add(client.link.socket(), EPOLLIN | EPOLLOUT | EPOLLET, &client);
    } else {
      ++outcome_.errors;
    }
  }

  void handle_events(Clock::time_point until) {
    for (const epoll_event& event : epoll_.wait(until)) advance(*static_cast<Client*>(event.data.ptr));
  }

  void advance(Client& client) {
    if (!client.busy) return check_quiet(client);
    const Step step = std::visit([&](auto& task) { return finish(task, client.link); }, client.task);
    if (step != Step::blocked) settle(client, step);
  }

  void settle(Client& client, Step step) {
    client.busy = false;
    --busy_;
    if (step == Step::done) {
      ++outcome_.operations;
      outcome_.latencies.add(Clock::now() - client.start);
      if (std::holds_alternative<Transfer>(client.task)) outcome_.bytes += options_.bytes;
    } else {
      ++outcome_.errors;
      client.link.reset();
    }
  }

  // A held connection has nothing to say: whatever happens to it is an error.
  void check_quiet(Client& client) {
    std::size_t received = 0;
    char byte = 0;
    if (!client.link.valid() || client.link.receive({&byte, 1}, received) == Step::blocked) return;
    client.link.reset();
    ++outcome_.errors;
  }

  void hold() {
    const auto held =
        std::ranges::count_if(clients_, [](const Client& client) { return client.link.valid(); });
    std::fprintf(stderr, "holding %td\n", held);
    const auto end = Clock::now() + options_.duration;
    while (Clock::now() < end) handle_events(end);
  }

  const Options& options_;
  Epoll epoll_;
  std::vector<Client> clients_;
  std::size_t busy_ = 0;
  Outcome outcome_;
};

}  // namespace

Outcome run_idle(const Options& options) { return Idle(options).run(); }

}  // namespace fwd::bench
