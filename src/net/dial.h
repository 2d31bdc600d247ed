#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "core/address.h"
#include "core/dial_result.h"
#include "core/time.h"
#include "net/deadlines.h"
#include "net/descriptor_reserve.h"
#include "net/stream.h"

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

struct DialTarget {
  Endpoint to;
  std::optional<IpAddress> from;  // local address to dial from
  Duration timeout{};
};

// Opens one link to a backend. Its warm stages run in order, ahead of any client; the one there is today is
// the TCP connect. What is sent only when a link is taken belongs to whoever takes it. Loop thread only.
class Dial final : private Stream::Owner, private Deadline::Owner {
 public:
  class Owner {
   public:
    // Exactly once, unless the Dial is destroyed first (which cancels it); never before start() returns.
    // May destroy the Dial. `elapsed` is the time from the connect call to the answer.
    virtual void dial_ready(Dial& dial, std::unique_ptr<Stream> stream, Duration elapsed) = 0;
    virtual void dial_failed(Dial& dial, DialError error) = 0;

   protected:
    ~Owner() = default;
  };

  Dial(DialContext& context, Owner& owner)
      : context_(context), owner_(owner), deadline_(context.deadlines, *this) {}

  // An error at once is returned, and then nothing is reported.
  std::optional<DialError> start(const DialTarget& target);

 private:
  void on_stream(Stream& stream) override;
  void on_deadline(Deadline& deadline, TimePoint now) override;
  void connected();
  void failed(DialError error);
  Fd make_socket(int family);

  DialContext& context_;
  Owner& owner_;
  Deadline deadline_;
  Endpoint to_;
  TimePoint began_;
  Duration elapsed_{};
  bool connected_ = false;
  std::unique_ptr<SocketStream> stream_;
};

}  // namespace fwd
