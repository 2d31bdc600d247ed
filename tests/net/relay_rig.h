#pragma once

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "net/relay.h"
#include "net/scripted_stream.h"

namespace fwd {

inline constexpr std::size_t kRigBuffer = 4;

// A started relay between two scripted streams. Checks at every read that nothing is pending for the other
// side.
struct Rig final : Relay::Owner {
  Rig() : Rig([](Rig&) {}) {}
  explicit Rig(void (*before_start)(Rig&)) {
    check_reads(*client, *backend);
    check_reads(*backend, *client);
    before_start(*this);
    Relay::Owner& self = *this;
    relay.emplace(std::unique_ptr<Stream>(client), std::unique_ptr<Stream>(backend), context, self);
    relay->start();
  }
  static void check_reads(ScriptedStream& from, const ScriptedStream& to) {
    from.before_read = [&from, &to] {
      EXPECT_EQ(from.read_so_far, to.received.size()) << "read while bytes are pending";
    };
  }
  // Lets the relay have the calls that it asked for.
  void settle() {
    while (client->run_ready() || backend->run_ready()) {
    }
  }

  void relay_moved(Direction direction, std::size_t bytes) override {
    EXPECT_GT(bytes, 0U);
    (direction == Direction::upstream ? moved_up : moved_down) += bytes;
  }
  void relay_half_closed() override { ++half_closed; }
  void relay_breaking() override { ++breaking; }
  void relay_ended(RelayEnd end) override {
    ends.push_back(end);
    broken = client->broken() || backend->broken();
  }

  ScriptedStream* client = new ScriptedStream;  // the relay owns them
  ScriptedStream* backend = new ScriptedStream;
  std::array<std::byte, kRigBuffer> buffer{};
  Loop loop;
  Poller poller{loop};
  Deadlines deadlines{poller};
  PipeCache no_pipes{deadlines, 0};
  RelayContext context{buffer, no_pipes};
  std::size_t moved_up = 0;
  std::size_t moved_down = 0;
  int half_closed = 0;
  int breaking = 0;
  std::vector<RelayEnd> ends;
  bool broken = false;  // when it ended
  std::optional<Relay> relay;
};

}  // namespace fwd
