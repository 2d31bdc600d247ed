#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/bulk_detector.h"
#include "core/time.h"
#include "net/pipe_cache.h"
#include "net/stream.h"

namespace fwd {

enum class Direction : std::uint8_t { upstream, downstream };  // client to backend, backend to client

enum class RelayEnd { finished, reset };

// What all relays of a loop share.
struct RelayContext {
  std::span<std::byte> buffer;  // kLeastRead or more of scratch space: nothing stays in it between events
  PipeCache& pipes;
  std::size_t kept = 0;  // bytes of memory that all relays keep because they could not be written yet
};

// Moves bytes both ways between a client and a backend until both have said they are done.
//
// Small messages are served at each event. A direction that proves to be bulk is moved through a pipe where
// both streams allow it (splice(2)), else by copying, and only in turns, which come after all events.
// Back-pressure: a side is read only while nothing is pending for the other one, so that at most one buffer
// or pipe per direction waits; where all relays together keep kPlenty, kLeastRead of a buffer. FIN becomes a
// FIN once what came before it is written. A reset of one side reaches the other as a reset, after what was
// received before it; after `kResetGrace` also without that.
// Loop thread only; owns both streams; destroying it closes them.
class Relay final : private Stream::Owner {
 public:
  class Owner {
   public:
    // `bytes` were written on.
    virtual void relay_moved(Direction direction, std::size_t bytes) = 0;
    // One direction is closed, the other not yet. Once.
    virtual void relay_half_closed() = 0;
    // One side broke down; call abort() on the relay when it has not ended kResetGrace later.
    virtual void relay_breaking() = 0;
    // Once, at the end. Must not destroy the relay before the call returns.
    virtual void relay_ended(RelayEnd end) = 0;

   protected:
    ~Owner() = default;
  };

  static constexpr Duration kResetGrace = std::chrono::seconds(5);
  // After so many a direction lets others be served; looked at after each read.
  static constexpr std::size_t kTurnBytes = 262'144;
  // While all relays of a loop keep kPlenty, each reads only kLeastRead at a time.
  static constexpr std::size_t kPlenty = 16'777'216;
  static constexpr std::size_t kLeastRead = 65'536;

  // `context` outlives the relay.
  Relay(std::unique_ptr<Stream> client, std::unique_ptr<Stream> backend, RelayContext& context, Owner& owner);
  ~Relay();

  // Begins: takes what is already there. May call the owner.
  void start();
  // Both peers see a reset when the relay is destroyed.
  void abort();
  // Whether all that was read on one side is on its way to the other.
  bool delivered();
  bool half_closed() const { return up_.ended != down_.ended; }
  Stream& backend() { return *backend_; }
  const Stream& backend() const { return *backend_; }

 private:
  struct Pending {
    std::unique_ptr<std::byte[]> bytes;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };
  // One direction. `ended`: nothing more comes, and the end was passed on.
  struct Half {
    Stream& from;
    Stream& to;
    Direction direction;
    BulkDetector size;
    bool source_ended = false;  // EOF or an error was read
    bool ended = false;
    Pending pending{};
    PipeLease pipe{};

    bool empty() const { return pending.bytes == nullptr && (pipe == nullptr || pipe->bytes == 0); }
    bool can_move() const { return empty() ? from.readable() : to.writable(); }
  };

  void on_stream(Stream& stream) override;
  void on_turn(Stream& stream) override;
  void serve(Half& half);
  void finish();
  void pump(Half& half);
  bool flush(Half& half, std::size_t& moved);
  std::size_t refill(Half& half, std::size_t& moved);
  IoResult read(Half& half);
  void lend_pipe(Half& half);
  void keep(Half& half, std::span<const std::byte> rest);
  void forget(Half& half);
  std::size_t write(Half& half, std::span<const std::byte> bytes);
  std::size_t account(Half& half, IoResult put);
  void pass_on_end(Half& half);
  void broke(Stream& stream);

  std::unique_ptr<Stream> client_;
  std::unique_ptr<Stream> backend_;
  RelayContext& context_;
  Owner& owner_;
  Half up_;
  Half down_;
  bool broken_ = false;         // a side was reset
  Stream* survivor_ = nullptr;  // then the other one, until it is reset too
  bool over_ = false;
};

}  // namespace fwd
