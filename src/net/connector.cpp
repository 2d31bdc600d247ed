#include "net/connector.h"

#include <algorithm>
#include <utility>

namespace fwd {
namespace {

constexpr Duration kResourceRetry = std::chrono::milliseconds(20);
// In one go, for want of trust or of ports.
constexpr std::size_t kMostPassedOver = 16;

// Only a bare socket is kept for stages that come when it is taken (LinkOptions::ahead).
std::unique_ptr<SocketStream> bare(std::unique_ptr<Stream> link) {
  return std::unique_ptr<SocketStream>(static_cast<SocketStream*>(link.release()));
}

}  // namespace

void LinkRequest::start() {
  const TimePoint now = clock_now();
  const auto& options = connector_.options;
  give_up_at_ = now + options.dial_timeout * static_cast<Duration::rep>(options.dial_attempts);
  advance(now);
}

// Starts what may be started now. While a dial waits here for its turn to shake hands, one more would only
// lengthen the queue.
void LinkRequest::advance(TimePoint now) {
  if (now >= give_up_at_) return give_up();
  const bool queued =
      std::ranges::any_of(attempts_, [](const auto& attempt) { return attempt.dial->queued(); });
  const Step step = queued ? Step::started : next_member();
  if (step != Step::delivered) follow(step, now);  // else this may be gone
}

// Sets the time of the next step, or gives up.
void LinkRequest::follow(Step step, TimePoint now) {
  if (step == Step::none_left && attempts_.empty()) return give_up();
  TimePoint next = give_up_at_;
  if (step == Step::started) next = now + connector_.options.dial_stagger;
  if (step == Step::short_of_resources) next = now + kResourceRetry;
  deadline_.set(std::min(next, give_up_at_));
}

void LinkRequest::give_up() {
  if (take_doubtful()) return;
  // The last dial starts early enough to have its full time, unless this machine made it wait.
  const bool cut_short = last_error_ == DialError::local;
  for (const Attempt& attempt : attempts_) {
    last_error_ = attempt.dial->overdue();
    if (!cut_short && !attempt.dial->queued())
      connector_.observer.dial_failed(attempt.lease.backend().key, *last_error_);
  }
  stop();
  owner_.link_failed(last_error_);
}

// The owner may keep the request for a while: nothing more may come, and what was dialed stops counting.
void LinkRequest::stop() {
  attempts_.clear();
  deadline_.cancel();
}

// In the balancer's order, but those in doubt come last.
LinkRequest::Step LinkRequest::next_member() {
  const Step step = next_member(false);
  return step == Step::none_left ? next_member(true) : step;
}

LinkRequest::Step LinkRequest::next_member(bool doubtful_too) {
  const ActiveSet& set = connector_.backends.active();
  std::vector<BackendKey> passed_over;
  Step step = Step::none_left;
  while (step == Step::none_left && passed_over.size() < kMostPassedOver &&
         tried_.size() < connector_.options.dial_attempts + passed_over.size()) {
    const auto index = connector_.balancer.pick(set, inbound_.client.ip, tried_);
    if (!index) break;
    const BackendKey key = set.members[*index].key;
    const bool doubtful = !doubtful_too && set.members.size() > 1 && connector_.pool.doubtful(key);
    step = doubtful ? Step::none_left : try_member(key);
    if (step == Step::delivered) return step;  // and this may be gone
    if (step == Step::short_of_resources) short_of_resources_ = true;
    if (doubtful || step == Step::short_of_resources) {
      tried_.push_back(key);
      passed_over.push_back(key);
      step = Step::none_left;
    }
  }
  for (const BackendKey key : passed_over) std::erase(tried_, key);
  const bool wait = step == Step::none_left && doubtful_too && std::exchange(short_of_resources_, false);
  return wait ? Step::short_of_resources : step;
}

// none_left: this member failed at once.
LinkRequest::Step LinkRequest::try_member(BackendKey key) {
  Attempt attempt{connector_.backends.lease(key), nullptr, {}};
  const Step step = take(attempt);
  return step == Step::none_left ? open(std::move(attempt)) : step;
}

// What waits in the pool of a backend that nobody reaches any more is better than nothing. A header or
// handshake on it would need more time than is left.
bool LinkRequest::take_doubtful() {
  if (connector_.pool.options().waits_bare()) return false;
  for (const BackendKey key : tried_) {
    const BackendTable::Entry* backend = connector_.backends.find(key);
    if (backend == nullptr || !backend->listed) continue;
    std::unique_ptr<Stream> link = connector_.pool.take(key);
    if (link == nullptr) continue;
    deliver({connector_.backends.lease(key), nullptr, {}, true}, std::move(link));
    return true;
  }
  return false;
}

// none_left: the pool has no link that lives, or none that can be relied on.
LinkRequest::Step LinkRequest::take(Attempt& attempt) {
  const BackendKey key = attempt.lease.backend().key;
  const bool only_member = connector_.backends.active().members.size() == 1;
  if (!only_member && connector_.pool.doubtful(key)) return Step::none_left;
  while (std::unique_ptr<Stream> link = connector_.pool.take(key)) {
    if (!connector_.pool.options().waits_bare()) {
      attempt.pooled = true;
      deliver(std::move(attempt), std::move(link));
      return Step::delivered;
    }
    Dial::Owner& self = *this;
    attempt.dial = std::make_unique<Dial>(connector_.context, self);
    if (attempt.dial->resume(bare(std::move(link)), stages(key, attempt.lease.backend().id))) {
      attempt.lease.backend().pool->count(RetireReason::stale);
      continue;
    }
    attempt.pooled = true;
    attempt.began = clock_now();
    tried_.push_back(key);
    attempts_.push_back(std::move(attempt));
    return Step::started;
  }
  return Step::none_left;
}

// none_left: this member failed at once.
LinkRequest::Step LinkRequest::open(Attempt attempt) {
  Dial::Owner& self = *this;
  attempt.began = clock_now();
  attempt.dial = std::make_unique<Dial>(connector_.context, self);
  const BackendTable::Entry& backend = attempt.lease.backend();
  const BackendKey key = backend.key;
  const Endpoint& to = backend.id.endpoint;
  const auto error = attempt.dial->start({to, connector_.sources.next_for(to.ip),
                                          connector_.options.dial_timeout, stages(key, backend.id), true});
  last_error_ = error ? error : last_error_;
  if (error == DialError::local) {
    std::erase(tried_, key);  // where a link of the pool failed before
    if (attempt.dial->out_of_descriptors()) connector_.pool.give_way();
    return Step::short_of_resources;
  }
  backend.pool->misses.add();
  if (std::ranges::find(tried_, key) == tried_.end()) tried_.push_back(key);
  if (error) {
    connector_.observer.dial_failed(key, *error);
    return Step::none_left;
  }
  attempts_.push_back(std::move(attempt));
  return Step::started;
}

LinkStages LinkRequest::stages(BackendKey key, const BackendId& id) const {
  return connector_.pool.options().whole(id, connector_.pool.shared(key), inbound_.addresses);
}

LinkRequest::Attempt LinkRequest::remove(const Dial& dial) {
  const auto found = std::ranges::find_if(
      attempts_, [&dial](const Attempt& attempt) { return attempt.dial.get() == &dial; });
  Attempt attempt = std::move(*found);
  attempts_.erase(found);
  return attempt;
}

void LinkRequest::dial_ready(Dial& dial, std::unique_ptr<Stream> stream, Duration elapsed) {
  Attempt winner = remove(dial);
  const std::unique_ptr<Dial> finished = std::move(winner.dial);  // destroyed when this returns
  if (!winner.pooled) {
    connector_.pool.reached(winner.lease.backend().key);
    connector_.observer.dial_succeeded(winner.lease.backend().key, elapsed);
  }
  deliver(std::move(winner), std::move(stream));
}

void LinkRequest::deliver(Attempt winner, std::unique_ptr<Stream> stream) {
  pass_on_losers();
  stop();
  if (winner.pooled) winner.lease.backend().pool->hits.add();
  winner.lease.begin_session();
  owner_.link_ready(std::move(stream), std::move(winner.lease),
                    winner.pooled ? LinkSource::pool : LinkSource::dial);
}

void LinkRequest::pass_on_losers() {
  if (attempts_.empty()) return;
  const TimePoint doubtful = clock_now() - connector_.options.dial_stagger;
  for (Attempt& attempt : attempts_) {
    const BackendKey key = attempt.lease.backend().key;
    if (attempt.began <= doubtful) connector_.observer.dial_overtaken(key);
    if (!attempt.pooled && attempt.dial->reusable())
      connector_.pool.adopt(key, std::move(attempt.dial), attempt.began);
  }
}

void LinkRequest::dial_failed(Dial& dial, DialError error) {
  Attempt loser = remove(dial);
  const std::unique_ptr<Dial> finished = std::move(loser.dial);
  last_error_ = error;
  const TimePoint now = clock_now();
  if (std::exchange(loser.pooled, false)) {
    loser.lease.backend().pool->count(RetireReason::stale);
    const Step step = open(std::move(loser));
    return step == Step::none_left ? advance(now) : follow(step, now);
  }
  connector_.observer.dial_failed(loser.lease.backend().key, error);
  loser.lease.reset();
  advance(now);
}

void LinkRequest::on_deadline(Deadline&, TimePoint now) { advance(now); }

}  // namespace fwd
