#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/address.h"
#include "core/dial_result.h"
#include "core/time.h"
#include "net/deadlines.h"
#include "net/descriptor_reserve.h"
#include "net/handshake_slots.h"
#include "net/recycled.h"
#include "net/stream.h"
#include "net/tls_stream.h"

namespace fwd {

// What a loop gives to everything that opens connections on it.
struct DialContext {
  Poller& poller;
  Deadlines& deadlines;
  // The demo's way to make a loopback backend look far away: time to wait after the connect. Usually empty.
  std::function<Duration(const Endpoint&)> delay;
  // Given up when no other descriptor is left.
  DescriptorReserve reserve{};
};

// What follows the connect before a link is ready. Values only.
struct LinkStages {
  std::string header{};                     // sent first: a PROXY header; empty: none
  const TlsClient* tls = nullptr;           // then a handshake; null: none
  std::string name{};                       // that TLS verifies the backend by
  std::shared_ptr<TlsSessions> sessions{};  // to resume; may be null
  std::shared_ptr<HandshakeSlots> slots{};  // of the backend; null: no bound
  Duration handshake_timeout{};             // of the handshake
};

struct DialTarget {
  Endpoint to;
  std::optional<IpAddress> from;  // local address to dial from
  Duration timeout{};             // of the connect; a handshake has its own
  LinkStages stages{};
  bool for_client = false;  // somebody waits: it may use what is held back for that
};

// Opens one link to a backend: connects, sends a header, shakes hands, as far as the target asks. Or takes a
// link that is connected already through the later stages. Loop thread only.
class Dial final : public Recycled<Dial>, private Stream::Owner, private Deadline::Owner {
 public:
  class Owner {
   public:
    // Exactly once, unless the Dial is destroyed first (which cancels it); never before start() or resume()
    // returns. May destroy the Dial. `elapsed` is the time from the connect call to its answer, zero after
    // resume().
    virtual void dial_ready(Dial& dial, std::unique_ptr<Stream> stream, Duration elapsed) = 0;
    virtual void dial_failed(Dial& dial, DialError error) = 0;

   protected:
    ~Owner() = default;
  };

  Dial(DialContext& context, Owner& owner)
      : context_(context), owner_(&owner), deadline_(context.deadlines, *this) {}

  // An error at once is returned, and then nothing is reported.
  std::optional<DialError> start(DialTarget target);
  // `link` is connected and nothing was sent on it.
  std::optional<DialError> resume(std::unique_ptr<SocketStream> link, LinkStages stages);

  // Who is told from now on.
  void set_owner(Owner& owner) { owner_ = &owner; }
  // The error of a dial that is given up because it takes too long.
  DialError overdue() const {
    return stage_ == Stage::shaking_hands ? DialError::tls_timeout : DialError::timeout;
  }
  // Of the failure, in other words than the error; may be empty.
  const std::string& detail() const { return detail_; }
  // It waits for its turn to shake hands: nothing that the backend is to blame for.
  bool queued() const { return slot_ && slot_->waiting(); }
  // It was not even begun, since the process has no descriptor left.
  bool out_of_descriptors() const { return out_of_descriptors_; }
  // Nothing that belongs to one client is or will be sent, so that anybody may have the link.
  bool reusable() const { return stages_.header.empty(); }

 private:
  void on_stream(Stream& stream) override;
  void on_deadline(Deadline& deadline, TimePoint now) override;
  void check_connect();
  void connected();
  bool send_header();
  bool take_turn();
  void shake_hands();
  void ready(std::unique_ptr<Stream> stream);
  void failed(DialError error);
  Fd make_socket(int family);

  enum class Stage { connecting, delayed, connected, shaking_hands };

  DialContext& context_;
  Owner* owner_;
  Deadline deadline_;
  Endpoint to_;
  LinkStages stages_;
  std::optional<HandshakeSlots::Slot> slot_;  // one of stages_.slots
  TimePoint began_;
  Duration elapsed_{};
  std::string detail_;
  Stage stage_ = Stage::connecting;
  bool for_client_ = true;
  bool out_of_descriptors_ = false;
  std::unique_ptr<SocketStream> socket_;  // until TLS takes it
  std::unique_ptr<TlsStream> tls_;
};

}  // namespace fwd
