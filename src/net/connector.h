#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "core/balancer.h"
#include "net/backend_table.h"
#include "net/dial.h"
#include "net/source_addresses.h"

namespace fwd {

struct ConnectorOptions {
  Duration dial_timeout{};
  Duration dial_stagger{};
  std::size_t dial_attempts = 1;
};

// Hears how every dial went, for the scores. Dials that a leaving client cancelled are not reported.
class DialObserver {
 public:
  virtual void dial_succeeded(BackendKey key, Duration elapsed) = 0;
  virtual void dial_failed(BackendKey key, DialError error) = 0;
  // Another member answered first although this one had dial_stagger to itself: no failure, but a doubt.
  virtual void dial_overtaken(BackendKey key) = 0;

 protected:
  ~DialObserver() = default;
};

// What the link requests of one service on one worker have in common.
struct Connector {
  DialContext& context;
  ConnectorOptions options;
  BackendTable& backends;
  Balancer& balancer;
  DialObserver& observer;
  SourceAddresses sources;
};

// Gets one client a link: dials the member that the balancer picks, another one when that fails or has not
// answered within dial_stagger, up to dial_attempts different members in dial_timeout x dial_attempts. The
// first to answer wins, the others are dropped. Waits when this machine is short of descriptors or ports,
// since no other member would help. Destroying it cancels everything.
class LinkRequest final : private Dial::Owner, private Deadline::Owner {
 public:
  class Owner {
   public:
    // Exactly one of the two, once, possibly before start() returns. Both may destroy the request.
    virtual void link_ready(std::unique_ptr<Stream> stream, BackendTable::Lease lease) = 0;
    // `error` is that of the last dial; nothing when there was no member to dial.
    virtual void link_failed(std::optional<DialError> error) = 0;

   protected:
    ~Owner() = default;
  };

  LinkRequest(Connector& connector, const IpAddress& client, Owner& owner)
      : connector_(connector),
        client_(client),
        owner_(owner),
        deadline_(connector.context.deadlines, *this) {}

  void start();

 private:
  struct Attempt {
    BackendTable::Lease lease;
    std::unique_ptr<Dial> dial;
    TimePoint began;
  };
  enum class Step { started, none_left, short_of_resources };

  void dial_ready(Dial& dial, std::unique_ptr<Stream> stream, Duration elapsed) override;
  void dial_failed(Dial& dial, DialError error) override;
  void on_deadline(Deadline& deadline, TimePoint now) override;

  void advance(TimePoint now);
  void give_up();
  void stop();
  Step dial_next();
  Step dial(BackendKey key);
  std::vector<Attempt>::iterator find(const Dial& dial);

  Connector& connector_;
  IpAddress client_;
  Owner& owner_;
  Deadline deadline_;
  TimePoint give_up_at_;
  std::vector<BackendKey> tried_;
  std::vector<Attempt> attempts_;  // in progress
  std::optional<DialError> last_error_;
};

}  // namespace fwd
