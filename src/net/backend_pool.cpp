#include "net/backend_pool.h"

#include <algorithm>
#include <utility>

namespace fwd {
namespace {

// A link that was closed before this age was turned away rather than kept.
constexpr Duration kProven = std::chrono::seconds(1);
// When this machine had no descriptor or port for a fill.
constexpr Duration kResourceRetry = std::chrono::seconds(1);
constexpr double kAgeJitter = 0.1;
constexpr int kOpenTimeShare = 8;  // of the newest one in the average: 1/8
constexpr int kPatience = 3;       // usual open times until a dial casts doubt
constexpr Duration kYoung = std::chrono::seconds(2);

}  // namespace

// One waiting link, with its own deadline for keepalive and age.
class BackendPool::IdleLink final : private Stream::Owner, private Deadline::Owner {
 public:
  IdleLink(BackendPool& pool, std::unique_ptr<Stream> stream, TimePoint now)
      : born(now),
        pool_(pool),
        stream_(std::move(stream)),
        deadline_(pool.context_.dialling.deadlines, *this),
        age_factor_(1 + kAgeJitter * (2 * pool.context_.random.unit() - 1)) {
    stream_->set_owner(this);
    stream_->call_again();  // what came before now makes no event any more
    set_deadline();
  }

  Stream& stream() { return *stream_; }
  std::unique_ptr<Stream> release() {
    stream_->set_owner(nullptr);
    return std::move(stream_);
  }
  // After max_age_ has changed, too.
  void set_deadline() {
    deadline_.set(keepalive_started_ ? expires() : std::min(expires(), keepalive_due()));
  }

  const TimePoint born;
  bool greeted = false;  // the backend has spoken
  std::list<IdleLink>::iterator self;

 private:
  void on_stream(Stream& stream) override {
    switch (stream.peek()) {
      case IdleState::quiet:
        return;
      case IdleState::banner:
        if (!std::exchange(greeted, true)) ++pool_.greeted_;
        pool_.speaks_first_ = true;
        return;
      case IdleState::closed:
        return pool_.lost(*this, RetireReason::closed, clock_now());
      case IdleState::failed:
        return pool_.lost(*this, RetireReason::reset, clock_now());
    }
  }

  void on_deadline(Deadline&, TimePoint now) override {
    if (now >= expires()) return pool_.expired(*this, now);
    keepalive_started_ = true;
    stream_->start_keepalive(pool_.context_.options.keepalive);
    set_deadline();
  }

  TimePoint expires() const {
    const std::chrono::duration<double, Duration::period> age = pool_.max_age_ * age_factor_;
    return born + std::chrono::duration_cast<Duration>(age);
  }
  // Keepalive costs four system calls, so only a link that waits long is given it.
  TimePoint keepalive_due() const { return born + pool_.context_.options.keepalive.idle / 2; }

  BackendPool& pool_;
  std::unique_ptr<Stream> stream_;
  Deadline deadline_;
  double age_factor_;
  bool keepalive_started_ = false;
};

BackendPool::BackendPool(PoolContext& context, const BackendTable::Entry& backend)
    : context_(context),
      key_(backend.key),
      id_(backend.id),
      counters_(backend.pool),
      fill_deadline_(context.dialling.deadlines, *this),
      surplus_deadline_(context.dialling.deadlines, *this) {}

BackendPool::~BackendPool() { retire_all(RetireReason::left); }

void BackendPool::set_wanted(std::size_t idle, Duration max_age) {
  wanted_ = idle;
  if (wanted_ == 0) retire_all(RetireReason::surplus);
  if (std::exchange(max_age_, max_age) != max_age) {
    for (IdleLink& link : idle_) link.set_deadline();
  }
  fill_soon(clock_now());
}

std::unique_ptr<Stream> BackendPool::take() {
  while (!idle_.empty()) {
    IdleLink& link = best_link();
    const IdleState state = link.stream().peek();
    if (state == IdleState::closed || state == IdleState::failed) {
      lost(link, RetireReason::stale, clock_now());
      continue;
    }
    if (link.born > turned_away_) pacer_.opened();
    std::unique_ptr<Stream> stream = remove(link);
    pacer_.link_gone();
    fill_soon(TimePoint{});  // after the session has what it came for
    return stream;
  }
  return nullptr;
}

// A backend that speaks first may yet turn away a link that it has not greeted, the newest most likely. It
// counts the time until a login, so the oldest of the young go first: use renews them all, and none reach its
// limit together.
BackendPool::IdleLink& BackendPool::best_link() {
  if (!speaks_first_) return idle_.front();
  const auto fits = [this](const IdleLink& link) { return link.greeted || greeted_ == 0; };
  const TimePoint young = clock_now() - kYoung;
  const auto oldest = std::find_if(idle_.rbegin(), idle_.rend(),
                                   [&](const IdleLink& link) { return fits(link) && link.born > young; });
  return oldest != idle_.rend() ? *oldest : *std::ranges::find_if(idle_, fits);
}

bool BackendPool::doubtful(TimePoint now) const {
  if (refused_ && idle_.size() < wanted_) return true;
  const Duration patience = std::max(context_.options.dial_stagger, kPatience * open_time_);
  return std::ranges::any_of(fills_, [&](const Fill& fill) {
    return fill.began > last_opened_began_ && now - fill.began > patience && !fill.dial->queued();
  });
}

void BackendPool::adopt(std::unique_ptr<Dial> dial, TimePoint began) {
  const bool enough =
      size() >= wanted_ || fills_.size() >= FillPacer::kInFlight || context_.dials >= kMostDials;
  if (enough || pacer_.refused() || !context_.may_open()) return;
  Dial::Owner& self = *this;
  dial->set_owner(self);
  fills_.push_back({std::move(dial), began, true});
  update_gauges();
}

void BackendPool::reached() {
  if (!std::exchange(refused_, false)) return;
  pacer_.opened();
  fill_soon(clock_now());
}

void BackendPool::retire_all(RetireReason reason) {
  wanted_ = 0;
  fills_.clear();
  while (!idle_.empty()) retire(idle_.back(), reason);
  update_gauges();
}

bool BackendPool::give_way() {
  if (idle_.empty()) return false;
  retire(idle_.back(), RetireReason::surplus);
  fill_soon(clock_now() + kResourceRetry);
  return true;
}

void BackendPool::dial_ready(Dial& dial, std::unique_ptr<Stream> stream, Duration elapsed) {
  const TimePoint now = clock_now();
  const Fill fill = remove(dial);  // destroyed when this returns
  context_.observer.dial_succeeded(key_, elapsed);
  count_opened(fill.began, now);
  keep(std::move(stream), now);
  fill_soon(now);
}

void BackendPool::dial_failed(Dial& dial, DialError error) {
  const Fill fill = remove(dial);
  fill_failed(error, fill.adopted, clock_now());
}

void BackendPool::count_opened(TimePoint began, TimePoint now) {
  const Duration took = now - began;
  refused_ = false;
  last_opened_began_ = std::max(last_opened_began_, began);
  open_time_ += (took - open_time_) / (open_time_ == Duration::zero() ? 1 : kOpenTimeShare);
  counters_->opened.add();
  counters_->open_ns.add(static_cast<std::uint64_t>(took.count()));
}

BackendPool::Fill BackendPool::remove(const Dial& dial) {
  const auto found =
      std::ranges::find_if(fills_, [&dial](const Fill& fill) { return fill.dial.get() == &dial; });
  Fill fill = std::move(*found);
  fills_.erase(found);
  update_gauges();
  return fill;
}

void BackendPool::keep(std::unique_ptr<Stream> stream, TimePoint now) {
  idle_.emplace_front(*this, std::move(stream), now);
  idle_.front().self = idle_.begin();
  update_gauges();
}

void BackendPool::on_deadline(Deadline& deadline, TimePoint now) {
  if (&deadline == &fill_deadline_) return fill(now);
  surplus_waits_ = false;
  while (idle_.size() > wanted_) retire(idle_.back(), RetireReason::surplus);
}

void BackendPool::fill_soon(TimePoint at) {
  if (at >= fill_at_) return;
  fill_at_ = at;
  fill_deadline_.set(at);
}

void BackendPool::fill(TimePoint now) {
  fill_at_ = TimePoint::max();
  if (pacer_.refused() && is_proven(now)) pacer_.opened();
  while (size() < wanted_) {
    if (!context_.may_open()) {
      fill_soon(now + kResourceRetry);
      break;
    }
    if (context_.dials >= kMostDials) {
      fill_soon(now + FillPacer::kGrowthGap);
      break;
    }
    if (!pacer_.start(idle_.size(), fills_.size(), wanted_, now)) {
      if (const auto next = next_fill()) fill_soon(*next);
      break;
    }
    if (!start_fill(now)) break;
  }
  const bool surplus = idle_.size() > wanted_;
  if (std::exchange(surplus_waits_, surplus) == surplus) return;
  surplus ? surplus_deadline_.set(now + kSurplusGrace) : surplus_deadline_.cancel();
}

// A link that was opened since the backend last turned one away has lasted.
bool BackendPool::is_proven(TimePoint now) const {
  return std::ranges::any_of(idle_, [this, now](const IdleLink& link) {
    return link.born > turned_away_ && now - link.born >= kProven;
  });
}

std::optional<TimePoint> BackendPool::next_fill() const {
  const auto next = pacer_.next(idle_.size(), fills_.size(), wanted_);
  const bool on_trial = pacer_.refused() && !idle_.empty() && idle_.front().born > turned_away_;
  if (!on_trial) return next;
  const TimePoint proof = idle_.front().born + kProven;
  return next ? std::min(*next, proof) : proof;
}

// False when no other is to be started now.
bool BackendPool::start_fill(TimePoint now) {
  Dial::Owner& self = *this;
  Fill fill{std::make_unique<Dial>(context_.dialling, self), now};
  const auto error = fill.dial->start({id_.endpoint, context_.sources.next_for(id_.endpoint.ip),
                                       context_.options.dial_timeout, context_.options.ahead(id_, shared_)});
  if (error) {
    fill_failed(*error, false, now);
    return false;
  }
  fills_.push_back(std::move(fill));
  update_gauges();
  return true;
}

// The loser of a race that was adopted has been told of already, as overtaken.
void BackendPool::fill_failed(DialError error, bool adopted, TimePoint now) {
  if (error == DialError::local) return fill_soon(now + kResourceRetry);
  refused_ = true;
  back_off(now);
  fill_soon(now);
  if (adopted) return;
  counters_->fill_failures.add();
  context_.observer.dial_failed(key_, error);
}

void BackendPool::back_off(TimePoint now) {
  turned_away_ = now;
  pacer_.failed(now, context_.random);
}

void BackendPool::lost(IdleLink& link, RetireReason reason, TimePoint now) {
  const Duration age = now - link.born;
  retire(link, reason);
  if (age < kProven) {
    back_off(now);
  } else {
    pacer_.link_gone();
  }
  context_.observer.idle_closed(key_, age);
  fill_soon(now);
}

void BackendPool::expired(IdleLink& link, TimePoint now) {
  retire(link, RetireReason::expired);
  fill_soon(now);
}

void BackendPool::retire(IdleLink& link, RetireReason reason) {
  counters_->count(reason);
  close_cleanly(remove(link));
}

std::unique_ptr<Stream> BackendPool::remove(IdleLink& link) {
  std::unique_ptr<Stream> stream = link.release();
  if (link.greeted) --greeted_;
  idle_.erase(link.self);
  update_gauges();
  return stream;
}

void BackendPool::update_gauges() {
  counters_->idle.set(idle_.size());
  counters_->connecting.set(fills_.size());
  context_.links += size() - std::exchange(counted_links_, size());
  context_.dials += fills_.size() - std::exchange(counted_dials_, fills_.size());
}

}  // namespace fwd
