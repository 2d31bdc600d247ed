#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "core/balancer.h"
#include "net/backend_table.h"
#include "net/dial.h"
#include "net/inbound.h"
#include "net/link_pool.h"
#include "net/recycled.h"
#include "net/source_addresses.h"

namespace fwd {

struct ConnectorOptions {
  Duration dial_timeout{};
  Duration dial_stagger{};
  std::size_t dial_attempts = 1;
};

// What the link requests of one service on one worker have in common.
struct Connector {
  DialContext& context;
  ConnectorOptions options;
  BackendTable& backends;
  Balancer& balancer;
  LinkPool& pool;
  DialObserver& observer;
  SourceAddresses sources;
};

enum class LinkSource { pool, dial };

// Gets one client a link to the member that the balancer picks: one that waits in the pool, else a new one.
// Another member is tried when that fails or has not answered within dial_stagger, up to dial_attempts
// different members in dial_timeout x dial_attempts. The first to answer wins, the others go to the pool or
// are dropped. Waits when this machine is short of descriptors or ports, since no other member would help.
// Destroying it cancels everything.
class LinkRequest final : public Recycled<LinkRequest>, private Dial::Owner, private Deadline::Owner {
 public:
  class Owner {
   public:
    // Exactly one of the two, once, possibly before start() returns. Both may destroy the request.
    virtual void link_ready(std::unique_ptr<Stream> stream, BackendTable::Lease lease, LinkSource source) = 0;
    // `error` is that of the last dial; nothing when there was no member to dial.
    virtual void link_failed(std::optional<DialError> error) = 0;

   protected:
    ~Owner() = default;
  };

  // `inbound` outlives the request.
  LinkRequest(Connector& connector, const Inbound& inbound, Owner& owner)
      : connector_(connector),
        inbound_(inbound),
        owner_(owner),
        deadline_(connector.context.deadlines, *this) {}

  void start();

 private:
  struct Attempt {
    BackendTable::Lease lease;
    std::unique_ptr<Dial> dial;
    TimePoint began;
    bool pooled = false;  // on a link of the pool: its failure says no more than that the link was dead
  };
  enum class Step { delivered, started, none_left, short_of_resources };

  void dial_ready(Dial& dial, std::unique_ptr<Stream> stream, Duration elapsed) override;
  void dial_failed(Dial& dial, DialError error) override;
  void on_deadline(Deadline& deadline, TimePoint now) override;

  void advance(TimePoint now);
  void follow(Step step, TimePoint now);
  void deliver(Attempt winner, std::unique_ptr<Stream> stream);
  void pass_on_losers();
  void give_up();
  bool take_doubtful();
  void stop();
  Step next_member();
  Step next_member(bool doubtful_too);
  Step try_member(BackendKey key);
  Step take(Attempt& attempt);
  Step open(Attempt attempt);
  LinkStages stages(BackendKey key, const BackendId& id) const;
  Attempt remove(const Dial& dial);

  Connector& connector_;
  const Inbound& inbound_;
  Owner& owner_;
  Deadline deadline_;
  TimePoint give_up_at_;
  std::vector<BackendKey> tried_;
  std::vector<Attempt> attempts_;  // in progress
  std::optional<DialError> last_error_;
  bool short_of_resources_ = false;
};

}  // namespace fwd
