#include "arrivals.h"

#include <sys/prctl.h>

#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <unordered_map>

#include "dial.h"
#include "exchange.h"

namespace fwd::bench {
namespace {

// How long an answer may take after the last arrival.
constexpr auto kPatience = std::chrono::seconds(10);

struct Arrival {
  Clock::time_point start;  // as intended
  Link link;
  Exchange exchange;
  bool answered = false;
};

double microseconds(Clock::duration time) { return std::chrono::duration<double, std::micro>(time).count(); }

class Log {
 public:
  explicit Log(const std::string& path) {
    if (path.empty()) return;
    file_.reset(std::fopen(path.c_str(), "w"));
    if (!file_) throw std::runtime_error("cannot write " + path);
  }

  void add(Clock::duration start, Clock::duration latency) {
    if (file_) std::fprintf(file_.get(), "%.0f %.1f\n", microseconds(start), microseconds(latency));
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file_;
};

class Arrivals {
 public:
  explicit Arrivals(const Options& options)
      : options_(options), log_(options.log_file), random_(options.seed), gap_(options.rate) {
    if (!options.tls_file.empty()) tls_ = Tls::client(options.tls_file);
    prctl(PR_SET_TIMERSLACK, 1UL);
    next_ = begin_ + random_gap();
  }

  Outcome run() {
    while (may_begin() || !open_.empty()) {
      if (Clock::now() > end_ + kPatience) break;
      for (const epoll_event& event : epoll_.wait(next_deadline())) {
        advance(*static_cast<Arrival*>(event.data.ptr));
      }
      begin_due();
      close_due();
    }
    outcome_.errors += open_.size();
    outcome_.elapsed = Clock::now() - begin_;
    return outcome_;
  }

 private:
  Clock::duration random_gap() {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(gap_(random_)));
  }

  bool may_begin() const { return next_ < end_ && begun_ < options_.operations; }

  Clock::time_point next_deadline() const {
    auto deadline = end_ + kPatience;
    if (may_begin()) deadline = std::min(deadline, next_);
    if (!due_.empty()) deadline = std::min(deadline, due_.begin()->first);
    return deadline;
  }

  void begin_due() {
    for (; may_begin() && next_ <= Clock::now(); next_ += random_gap()) begin(next_);
  }

  void begin(Clock::time_point start) {
    outcome_.lateness.add(Clock::now() - start);
    auto arrival = std::make_unique<Arrival>();
    arrival->start = start;
    arrival->link = dial(options_, begun_++, tls_ ? &*tls_ : nullptr);
    arrival->exchange = options_.first == Speaker::server ? Exchange::greeting() : Exchange::question();
    if (!arrival->link.valid()) {
      ++outcome_.errors;
      return;
    }
    epoll_.add(arrival->link.socket(), EPOLLIN | EPOLLOUT | EPOLLET, arrival.get());
    open_.emplace(arrival.get(), std::move(arrival));
  }

  void advance(Arrival& arrival) {
    if (arrival.answered) return check_quiet(arrival);
    const Step step = arrival.exchange.advance(arrival.link);
    if (step == Step::done) complete(arrival);
    if (step == Step::failed) fail(arrival);
  }

  void complete(Arrival& arrival) {
    const auto latency = Clock::now() - arrival.start;
    arrival.answered = true;
    ++outcome_.operations;
    outcome_.latencies.add(latency);
    log_.add(arrival.start - begin_, latency);
    due_.emplace(arrival.start + options_.session, &arrival);
  }

  // Whoever has been answered expects nothing more: whatever happens to the connection is an error.
  void check_quiet(Arrival& arrival) {
    std::size_t received = 0;
    char byte = 0;
    if (arrival.link.receive({&byte, 1}, received) == Step::blocked) return;
    std::erase_if(due_, [&](const auto& entry) { return entry.second == &arrival; });
    fail(arrival);
  }

  void fail(Arrival& arrival) {
    ++outcome_.errors;
    open_.erase(&arrival);
  }

  void close_due() {
    while (!due_.empty() && due_.begin()->first <= Clock::now()) {
      open_.erase(due_.begin()->second);
      due_.erase(due_.begin());
    }
  }

  const Options& options_;
  std::optional<Tls> tls_;
  Log log_;
  std::mt19937_64 random_;
  std::exponential_distribution<> gap_;  // a Poisson process
  Epoll epoll_;
  std::unordered_map<Arrival*, std::unique_ptr<Arrival>> open_;
  std::multimap<Clock::time_point, Arrival*> due_;  // answered, to be closed
  Clock::time_point begin_ = Clock::now();
  Clock::time_point end_ = begin_ + options_.duration;
  Clock::time_point next_;
  std::uint64_t begun_ = 0;
  Outcome outcome_;
};

}  // namespace

Outcome run_arrivals(const Options& options) { return Arrivals(options).run(); }

}  // namespace fwd::bench
