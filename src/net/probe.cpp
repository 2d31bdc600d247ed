#include "net/probe.h"

#include <utility>

namespace fwd {
namespace {

// With TLS 1.3 a backend says only after the handshake that it refuses the client's certificate, or the lack
// of one: its answer is given as long again as the connect took, twice, and a little more.
constexpr Duration kVerdict = std::chrono::milliseconds(5);

class ConnectProbe final : public Probe, private Dial::Owner, private Deadline::Owner {
 public:
  explicit ConnectProbe(DialContext& context) : dial_(context, *this), verdict_(context.deadlines, *this) {}

  void start(const DialTarget& target, Done done) override {
    done_ = std::move(done);
    shakes_hands_ = target.stages.tls != nullptr;
    if (const auto error = dial_.start(target)) finish({error});
  }

 private:
  void dial_ready(Dial&, std::unique_ptr<Stream> stream, Duration elapsed) override {
    elapsed_ = elapsed;
    stream_ = std::move(stream);
    if (shakes_hands_) return verdict_.set(clock_now() + 2 * elapsed + kVerdict);
    succeed();
  }
  void on_deadline(Deadline&, TimePoint) override {
    if (stream_->peek() == IdleState::failed) return finish({DialError::tls_refused});
    succeed();
  }
  void succeed() {
    close_cleanly(std::move(stream_));
    finish({std::nullopt, elapsed_});
  }
  void dial_failed(Dial& dial, DialError error) override { finish({error, {}, dial.detail()}); }

  void finish(const Outcome& outcome) {
    const Done done = std::move(done_);  // may destroy this
    done(outcome);
  }

  Dial dial_;
  Deadline verdict_;
  Done done_;
  bool shakes_hands_ = false;
  Duration elapsed_{};
  std::unique_ptr<Stream> stream_;
};

}  // namespace

std::unique_ptr<Probe> make_connect_probe(DialContext& context) {
  return std::make_unique<ConnectProbe>(context);
}

void Prober::probe(BackendKey key, const DialTarget& target, bool urgent) {
  const auto [probe, is_new] = probes_.try_emplace(key);
  const bool waits = !is_new && probe->second == nullptr;
  if (!is_new && !(waits && urgent)) return;
  if (waits) std::erase_if(waiting_, [key](const auto& entry) { return entry.first == key; });
  waiting_.emplace(urgent ? waiting_.begin() : waiting_.end(), key, target);
  start_waiting();
}

void Prober::cancel(BackendKey key) {
  const auto found = probes_.find(key);
  if (found == probes_.end()) return;
  if (found->second != nullptr) {
    --running_;
  } else {
    std::erase_if(waiting_, [key](const auto& entry) { return entry.first == key; });
  }
  probes_.erase(found);
  start_waiting();
}

void Prober::start_waiting() {
  // A probe that fails at once comes back here: the loop that is running goes on with the next.
  if (std::exchange(starting_, true)) return;
  while (running_ < max_concurrency_ && !waiting_.empty()) {
    const auto [key, target] = waiting_.front();
    waiting_.pop_front();
    run(key, target);
  }
  starting_ = false;
}

void Prober::run(BackendKey key, const DialTarget& target) {
  ++running_;
  Probe& probe = *(probes_[key] = kind_(context_));
  events_.started(key);
  probe.start(target, [this, key](const Probe::Outcome& outcome) { finished(key, outcome); });
}

void Prober::finished(BackendKey key, const Probe::Outcome& outcome) {
  const auto probe = probes_.extract(key);  // destroyed when this returns
  --running_;
  events_.finished({key, outcome});
  start_waiting();
}

}  // namespace fwd
