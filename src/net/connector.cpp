#include "net/connector.h"

#include <algorithm>

namespace fwd {
namespace {

constexpr Duration kResourceRetry = std::chrono::milliseconds(20);

}  // namespace

void LinkRequest::start() {
  const TimePoint now = clock_now();
  const auto& options = connector_.options;
  give_up_at_ = now + options.dial_timeout * static_cast<Duration::rep>(options.dial_attempts);
  advance(now);
}

// Starts what may be started now and sets the time of the next step, or gives up.
void LinkRequest::advance(TimePoint now) {
  const Step step = now < give_up_at_ ? dial_next() : Step::none_left;
  switch (step) {
    case Step::started:
      return deadline_.set(std::min(now + connector_.options.dial_stagger, give_up_at_));
    case Step::short_of_resources:
      return deadline_.set(std::min(now + kResourceRetry, give_up_at_));
    case Step::none_left:
      break;
  }
  if (attempts_.empty() || now >= give_up_at_) return give_up();
  deadline_.set(give_up_at_);
}

void LinkRequest::give_up() {
  // The last dial starts early enough to have its full time, unless this machine made it wait.
  const bool cut_short = last_error_ == DialError::local;
  for (const Attempt& attempt : attempts_) {
    last_error_ = DialError::timeout;
    if (!cut_short) connector_.observer.dial_failed(attempt.lease.backend().key, DialError::timeout);
  }
  stop();
  owner_.link_failed(last_error_);
}

// The owner may keep the request for a while: nothing more may come, and what was dialed stops counting.
void LinkRequest::stop() {
  attempts_.clear();
  deadline_.cancel();
}

LinkRequest::Step LinkRequest::dial_next() {
  while (tried_.size() < connector_.options.dial_attempts) {
    const ActiveSet& set = connector_.backends.active();
    const auto index = connector_.balancer.pick(set, client_, tried_);
    if (!index) break;
    const Step step = dial(set.members[*index].key);
    if (step != Step::none_left) return step;
  }
  return Step::none_left;
}

// none_left: this member failed at once.
LinkRequest::Step LinkRequest::dial(BackendKey key) {
  Dial::Owner& self = *this;
  Attempt attempt{connector_.backends.lease(key), std::make_unique<Dial>(connector_.context, self),
                  clock_now()};
  const Endpoint to = attempt.lease.backend().id.endpoint;
  const auto error =
      attempt.dial->start({to, connector_.sources.next_for(to.ip), connector_.options.dial_timeout});
  if (error == DialError::local) {
    last_error_ = error;
    return Step::short_of_resources;
  }
  tried_.push_back(key);
  if (error) {
    last_error_ = error;
    connector_.observer.dial_failed(key, *error);
    return Step::none_left;
  }
  attempts_.push_back(std::move(attempt));
  return Step::started;
}

std::vector<LinkRequest::Attempt>::iterator LinkRequest::find(const Dial& dial) {
  return std::ranges::find_if(attempts_,
                              [&dial](const Attempt& attempt) { return attempt.dial.get() == &dial; });
}

void LinkRequest::dial_ready(Dial& dial, std::unique_ptr<Stream> stream, Duration elapsed) {
  Attempt winner = std::move(*find(dial));
  const TimePoint doubtful = clock_now() - connector_.options.dial_stagger;
  for (const Attempt& attempt : attempts_) {
    if (attempt.dial != nullptr && attempt.began <= doubtful) {
      connector_.observer.dial_overtaken(attempt.lease.backend().key);
    }
  }
  stop();
  connector_.observer.dial_succeeded(winner.lease.backend().key, elapsed);
  owner_.link_ready(std::move(stream), std::move(winner.lease));
}

void LinkRequest::dial_failed(Dial& dial, DialError error) {
  const auto attempt = find(dial);
  Attempt loser = std::move(*attempt);
  attempts_.erase(attempt);
  last_error_ = error;
  connector_.observer.dial_failed(loser.lease.backend().key, error);
  loser.lease.reset();
  advance(clock_now());
}

void LinkRequest::on_deadline(Deadline&, TimePoint now) { advance(now); }

}  // namespace fwd
