#include "paced.h"

#include <sys/prctl.h>

#include <algorithm>

#include "dial.h"
#include "exchange.h"

namespace fwd::bench {
namespace {

// How long answers may take after the last question, and after the first of each connection, which is not
// counted.
constexpr auto kPatience = std::chrono::seconds(10);

struct Client {
  Link link;
  bool busy = false;
  Clock::time_point start;  // of the present question, or the next one; as intended
  Exchange exchange;
};

class Paced {
 public:
  explicit Paced(const Options& options)
      : options_(options),
        clients_(options.connections),
        gap_(std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / options.rate))) {
    prctl(PR_SET_TIMERSLACK, 1UL);
  }

  Outcome run() {
    open_all();
    const auto begin = next_ = Clock::now() + gap_;
    end_ = begin + options_.duration;
    for (std::size_t i = 0; i < clients_.size(); ++i) clients_[i].start = begin + i * gap_;
    while ((next_ < end_ || busy_ > 0) && Clock::now() < end_ + kPatience) {
      handle_events(next_ < end_ ? next_ : end_ + kPatience);
      ask_due();
    }
    outcome_.errors += busy_;
    outcome_.elapsed = Clock::now() - begin;
    return outcome_;
  }

 private:
  void open_all() {
    for (std::size_t i = 0; i < clients_.size(); ++i) open(clients_[i], i);
    const auto end = Clock::now() + kPatience;
    while (busy_ > 0 && Clock::now() < end) handle_events(end);
    const auto errors = outcome_.errors;
    outcome_ = {};
    outcome_.errors = errors;
  }

  void open(Client& client, std::uint64_t number) {
    client.link = dial(options_, number);
    client.start = Clock::now();
    if (!client.link.valid()) return fail(client);
    epoll_.add(client.link.socket(), EPOLLIN | EPOLLOUT | EPOLLET, &client);
    ask(client);
  }

  void handle_events(Clock::time_point until) {
    for (const epoll_event& event : epoll_.wait(until)) {
      auto& client = *static_cast<Client*>(event.data.ptr);
      if (client.busy) advance(client);
    }
  }

  void ask_due() {
    for (; next_ < end_ && next_ <= Clock::now(); next_ += gap_) {
      Client& client = clients_[turn_++ % clients_.size()];
      if (!client.busy && client.link.valid()) ask(client);
    }
  }

  void ask(Client& client) {
    outcome_.lateness.add(Clock::now() - client.start);
    client.exchange = Exchange::question();
    client.busy = true;
    ++busy_;
    advance(client);
  }

  void advance(Client& client) {
    const Step step = client.exchange.advance(client.link);
    if (step == Step::blocked) return;
    client.busy = false;
    --busy_;
    if (step != Step::done) return fail(client);
    ++outcome_.operations;
    outcome_.latencies.add(Clock::now() - client.start);
    client.start += clients_.size() * gap_;
    if (client.start < std::min(next_, end_)) ask(client);  // its turn has passed
  }

  void fail(Client& client) {
    ++outcome_.errors;
    client.link.reset();
  }

  const Options& options_;
  Epoll epoll_;
  std::vector<Client> clients_;
  Clock::duration gap_;
  Clock::time_point next_;  // when the next turn is
  Clock::time_point end_;
  std::uint64_t turn_ = 0;
  std::uint64_t busy_ = 0;
  Outcome outcome_;
};

}  // namespace

Outcome run_paced(const Options& options) { return Paced(options).run(); }

}  // namespace fwd::bench
