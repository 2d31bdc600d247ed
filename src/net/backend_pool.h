#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "core/fill_pacer.h"
#include "core/pool_counters.h"
#include "core/random.h"
#include "net/backend_table.h"
#include "net/dial.h"
#include "net/dial_observer.h"
#include "net/link_options.h"
#include "net/source_addresses.h"

namespace fwd {

// What the pools of one service on one worker have in common.
struct PoolContext {
  DialContext& dialling;
  const LinkOptions& options;
  DialObserver& observer;
  SourceAddresses sources;
  Random random;
  // Whether the process may have another descriptor for a link that waits.
  std::function<bool()> may_open;
  std::size_t links = 0;  // of all pools, and dials for them
  std::size_t dials = 0;  // of these
};

// The links to one backend that wait for a session on one worker, newest first out. Where the backend speaks
// first, greeted ones go before others, and of those younger than 2 s the oldest first. Keeps as many as it
// is told to: opens what is missing (FillPacer says when), closes what is too old or, after kSurplusGrace,
// too much.
//
// An idle link is watched without being read: a hang-up or reset retires it at once, bytes that wait are a
// greeting and stay for the session. Owned by LinkPool; loop thread only; destroying it closes every link and
// cancels every dial.
class BackendPool final : private Dial::Owner, private Deadline::Owner {
 public:
  // Dials of all pools of a service and worker at once.
  static constexpr std::size_t kMostDials = 256;
  // Links beyond what is wanted may still be taken for so long.
  static constexpr Duration kSurplusGrace = std::chrono::seconds(5);

  BackendPool(PoolContext& context, const BackendTable::Entry& backend);
  ~BackendPool();

  // So many idle links, none older than `max_age` (within 10 %). None wanted: all go at once.
  void set_wanted(std::size_t idle, Duration max_age);
  // The best link that is alive; null when there is none. A miss is not counted here.
  std::unique_ptr<Stream> take();
  // The last fill failed, or one takes far longer than is usual while no later one succeeded: what waits may
  // be dead without having said so.
  bool doubtful(TimePoint now) const;
  // A dial that somebody else began and needs no more; kept when a link is missing.
  void adopt(std::unique_ptr<Dial> dial, TimePoint began);
  // Somebody else's dial succeeded.
  void reached();
  // Closes all links and cancels all dials; none is opened until the next order.
  void retire_all(RetireReason reason);
  // Gives up the oldest link, so that its descriptor serves a session. False when there is none.
  bool give_way();

  std::size_t idle() const { return idle_.size(); }
  // Links and dials.
  std::size_t size() const { return idle_.size() + fills_.size(); }
  const TlsShared& shared() const { return shared_; }

 private:
  class IdleLink;
  struct Fill {
    std::unique_ptr<Dial> dial;
    TimePoint began;
    bool adopted = false;
  };

  void dial_ready(Dial& dial, std::unique_ptr<Stream> stream, Duration elapsed) override;
  void dial_failed(Dial& dial, DialError error) override;
  void on_deadline(Deadline& deadline, TimePoint now) override;

  IdleLink& best_link();
  void count_opened(TimePoint began, TimePoint now);
  Fill remove(const Dial& dial);
  void keep(std::unique_ptr<Stream> stream, TimePoint now);
  void fill_soon(TimePoint at);
  void fill(TimePoint now);
  bool is_proven(TimePoint now) const;
  std::optional<TimePoint> next_fill() const;
  bool start_fill(TimePoint now);
  void fill_failed(DialError error, bool adopted, TimePoint now);
  void back_off(TimePoint now);
  void lost(IdleLink& link, RetireReason reason, TimePoint now);
  void expired(IdleLink& link, TimePoint now);
  void retire(IdleLink& link, RetireReason reason);
  std::unique_ptr<Stream> remove(IdleLink& link);
  void update_gauges();

  PoolContext& context_;
  const BackendKey key_;
  const BackendId id_;
  std::shared_ptr<PoolCounters> counters_;
  TlsShared shared_{std::make_shared<TlsSessions>(), std::make_shared<HandshakeSlots>()};
  FillPacer pacer_;
  TimePoint turned_away_ = TimePoint::min();        // a fill failed, or its link was closed at once
  Duration open_time_{};                            // moving average
  bool refused_ = false;                            // the last fill failed
  TimePoint last_opened_began_ = TimePoint::min();  // of the latest dial that succeeded
  std::size_t greeted_ = 0;                         // idle links that the backend has spoken on
  bool speaks_first_ = false;                       // it has, on some link
  std::size_t counted_links_ = 0;                   // in PoolContext
  std::size_t counted_dials_ = 0;
  std::size_t wanted_ = 0;
  Duration max_age_{};
  std::list<IdleLink> idle_;  // newest first
  std::vector<Fill> fills_;
  TimePoint fill_at_ = TimePoint::max();  // what fill_deadline_ is set to
  Deadline fill_deadline_;
  Deadline surplus_deadline_;
  bool surplus_waits_ = false;
};

}  // namespace fwd
