#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "net/connector.h"
#include "net/deadlines.h"
#include "net/inbound.h"
#include "net/recycled.h"
#include "net/relay.h"

namespace fwd {

class WorkerService;

// One client's connection from accept to close: gets it a link, relays, watches its deadlines. Owned by its
// WorkerService, which it asks to be removed when it is over. Worker thread only; destroying it at any time
// closes both sides and gives everything back.
class Session final : public Recycled<Session>,
                      private Stream::Owner,
                      private LinkRequest::Owner,
                      private Relay::Owner,
                      private Deadline::Owner {
 public:
  Session(WorkerService& service, std::unique_ptr<Stream> client, const Inbound& inbound);
  ~Session();

  // May end the session before it returns.
  void start();
  // Ends it: both peers see a reset.
  void cut();

  std::size_t index = 0;  // in the list of its WorkerService

 private:
  void on_stream(Stream& client) override;
  void link_ready(std::unique_ptr<Stream> stream, BackendTable::Lease lease, LinkSource source) override;
  void link_failed(std::optional<DialError> error) override;
  void relay_moved(Direction direction, std::size_t bytes) override;
  void relay_half_closed() override;
  void relay_breaking() override;
  void relay_ended(RelayEnd end) override;
  void on_deadline(Deadline& deadline, TimePoint now) override;

  void start_keepalive_when_due(TimePoint now);
  Duration silence_allowed() const;
  TimePoint next_deadline() const;
  void abort();
  void end(const char* why);
  void log_end(const char* why) const;

  WorkerService& service_;
  Inbound inbound_;
  std::unique_ptr<Stream> client_;  // until the relay takes it
  std::unique_ptr<LinkRequest> request_;
  BackendTable::Lease lease_;
  std::optional<Relay> relay_;
  Deadline deadline_;
  TimePoint accepted_at_;
  TimePoint last_activity_;
  std::uint64_t upstream_bytes_ = 0;
  std::uint64_t downstream_bytes_ = 0;
  bool breaking_ = false;
  bool keepalive_started_ = false;
  bool over_ = false;
};

}  // namespace fwd
