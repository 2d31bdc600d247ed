#include "net/probe.h"

#include <utility>

namespace fwd {
namespace {

class ConnectProbe final : public Probe, private Dial::Owner {
 public:
  explicit ConnectProbe(DialContext& context) : dial_(context, *this) {}

  void start(const DialTarget& target, Done done) override {
    done_ = std::move(done);
    if (const auto error = dial_.start(target)) finish({error});
  }

 private:
  void dial_ready(Dial&, std::unique_ptr<Stream> stream, Duration elapsed) override {
    close_cleanly(std::move(stream));
    finish({std::nullopt, elapsed});
  }
  void dial_failed(Dial& dial, DialError error) override { finish({error, {}, dial.detail()}); }

  void finish(const Outcome& outcome) {
    const Done done = std::move(done_);  // may destroy this
    done(outcome);
  }

  Dial dial_;
  Done done_;
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
