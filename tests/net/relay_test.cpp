#include "net/relay.h"

#include <gmock/gmock.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/random.h"
#include "net/scripted_stream.h"

namespace fwd {
namespace {

using End = ScriptedStream::End;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::size_t kBuffer = 4;

// A started relay between two scripted streams. Checks at every read that nothing is pending for the other
// side.
struct Rig final : Relay::Owner {
  Rig() : Rig([](Rig&) {}) {}
  explicit Rig(void (*before_start)(Rig&)) {
    for (auto [from, to] : {std::pair(client, backend), std::pair(backend, client)}) {
      from->before_read = [from, to] {
        EXPECT_EQ(from->read_so_far, to->received.size()) << "read while bytes are pending";
      };
    }
    before_start(*this);
    Relay::Owner& self = *this;
    relay.emplace(std::unique_ptr<Stream>(client), std::unique_ptr<Stream>(backend), buffer, self);
    relay->start();
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
  std::array<std::byte, kBuffer> buffer{};
  std::size_t moved_up = 0;
  std::size_t moved_down = 0;
  int half_closed = 0;
  int breaking = 0;
  std::vector<RelayEnd> ends;
  bool broken = false;  // when it ended
  std::optional<Relay> relay;
};

struct Side {
  Rig& rig;
  bool is_client;

  ScriptedStream& self() const { return is_client ? *rig.client : *rig.backend; }
  ScriptedStream& other() const { return is_client ? *rig.backend : *rig.client; }
};

// Where a session can be when something happens, and what can happen; each from either side.
struct Step {
  const char* name;
  void (*apply)(Side);
};

const Step kStates[] = {
    {"open", [](Side) {}},
    {"half-closed", [](Side side) { side.self().finish(End::fin); }},
    {"pending",
     [](Side side) {
       side.other().make_room(2);
       side.self().send("hello");
     }},
    {"pending and half-closed",
     [](Side side) {
       side.other().make_room(2);
       side.self().send("hello");
       side.self().finish(End::fin);
     }},
    {"broken",
     [](Side side) {
       side.other().make_room(2);
       side.self().send("hello");
       side.self().finish(End::reset);
     }},
    {"broken and still sending",
     [](Side side) {
       side.other().hold_sending(true);
       side.self().send("hello");
       side.self().finish(End::reset);
     }},
};

const Step kEvents[] = {
    {"data", [](Side side) { side.self().send("some data"); }},
    {"FIN", [](Side side) { side.self().finish(End::fin); }},
    {"data and FIN",
     [](Side side) {
       side.self().send("the end");
       side.self().finish(End::fin);
     }},
    {"reset", [](Side side) { side.self().finish(End::reset); }},
    {"room", [](Side side) { side.self().make_room(ScriptedStream::kNoLimit); }},
    {"room for one byte", [](Side side) { side.self().make_room(1); }},
    {"no room", [](Side side) { side.self().make_room(0); }},
    {"failing writes", [](Side side) { side.self().break_writes(); }},
    {"an event for nothing", [](Side side) { side.self().tell(); }},
};

void expect_in_order(const ScriptedStream& from, const ScriptedStream& to) {
  EXPECT_THAT(from.sent, StartsWith(to.received));
  if (!to.shut) return;
  EXPECT_TRUE(from.finished) << "FIN without a FIN";
  EXPECT_EQ(to.received, from.sent) << "FIN before the bytes";
}

void expect_sound(Rig& rig) {
  rig.settle();
  expect_in_order(*rig.client, *rig.backend);
  expect_in_order(*rig.backend, *rig.client);
  EXPECT_EQ(rig.moved_up, rig.backend->received.size());
  EXPECT_EQ(rig.moved_down, rig.client->received.size());
  EXPECT_LE(rig.ends.size(), 1U);
  EXPECT_LE(rig.half_closed, 1);
  EXPECT_LE(rig.breaking, 1);
  EXPECT_EQ(rig.client->aborted, rig.backend->aborted);
}

// Whatever happened: once both peers take everything and are done, everything has reached them.
void expect_ends_well(Rig& rig) {
  for (ScriptedStream* stream : {rig.client, rig.backend}) {
    stream->make_room(ScriptedStream::kNoLimit);
    stream->hold_sending(false);
  }
  for (ScriptedStream* stream : {rig.client, rig.backend}) {
    stream->finish(stream->write_failed ? End::reset : stream->end() == End::none ? End::fin : stream->end());
  }
  expect_sound(rig);
  EXPECT_THAT(rig.ends, ElementsAre(rig.broken ? RelayEnd::reset : RelayEnd::finished));
  EXPECT_EQ(rig.breaking, rig.broken ? 1 : 0);
  EXPECT_EQ(rig.client->aborted, rig.broken);
  for (const auto& [from, to] : {std::pair(rig.client, rig.backend), std::pair(rig.backend, rig.client)}) {
    EXPECT_TRUE(to->broken() || to->received == from->sent);
    EXPECT_TRUE(to->shut || rig.broken);
  }
}

void try_case(const Step& state, bool state_side, const std::vector<std::pair<const Step*, bool>>& events) {
  std::string trace = std::string(state.name) + (state_side ? " (client)" : " (backend)");
  Rig rig;
  state.apply({rig, state_side});
  expect_sound(rig);
  for (const auto& [event, side] : events) {
    trace += std::string(", ") + event->name + (side ? " (client)" : " (backend)");
    SCOPED_TRACE(trace);
    event->apply({rig, side});
    expect_sound(rig);
  }
  SCOPED_TRACE(trace);
  expect_ends_well(rig);
}

TEST(RelayTableTest, HoldsItsPromisesForEveryPairOfEventsInEveryState) {
  for (const Step& state : kStates) {
    for (const Step& first : kEvents) {
      for (const Step& second : kEvents) {
        for (unsigned sides = 0; sides < 8; ++sides) {
          try_case(state, (sides & 1) != 0, {{&first, (sides & 2) != 0}, {&second, (sides & 4) != 0}});
          if (testing::Test::HasFailure()) return;
        }
      }
    }
  }
}

TEST(RelayTableTest, HoldsItsPromisesInLongRandomHistories) {
  Random random(7);
  const auto side = [&random] { return random.below(2) == 0; };
  for (int i = 0; i < 3000 && !testing::Test::HasFailure(); ++i) {
    std::vector<std::pair<const Step*, bool>> events(2 + random.below(10));
    for (auto& event : events) event = {&kEvents[random.below(std::size(kEvents))], side()};
    try_case(kStates[random.below(std::size(kStates))], side(), events);
  }
}

class RelayTest : public testing::Test {
 protected:
  Rig rig;
  ScriptedStream& client = *rig.client;
  ScriptedStream& backend = *rig.backend;
};

TEST_F(RelayTest, PassesFinOnOnlyBehindWhatIsPending) {
  backend.make_room(2);
  client.send("hello");
  client.finish(End::fin);
  EXPECT_EQ(backend.received, "he");
  EXPECT_FALSE(backend.shut);
  EXPECT_EQ(rig.half_closed, 0);
  backend.make_room(10);
  EXPECT_EQ(backend.received, "hello");
  EXPECT_TRUE(backend.shut);
  EXPECT_TRUE(rig.relay->half_closed());
  EXPECT_EQ(rig.half_closed, 1);
  EXPECT_THAT(rig.ends, IsEmpty());
}

TEST_F(RelayTest, PassesAResetOnOnlyBehindWhatIsPending) {
  client.make_room(2);
  backend.send("hello");
  backend.finish(End::reset);
  EXPECT_EQ(rig.breaking, 1);
  EXPECT_FALSE(client.aborted);
  client.make_room(10);
  EXPECT_EQ(client.received, "hello");
  EXPECT_FALSE(client.shut) << "a truncated answer must not look complete";
  EXPECT_TRUE(client.aborted);
  EXPECT_THAT(rig.ends, ElementsAre(RelayEnd::reset));
}

TEST_F(RelayTest, ResetsOnlyAPeerToWhichEverythingIsOnItsWay) {
  client.hold_sending(true);
  backend.send("answer");
  backend.finish(End::fin);
  backend.finish(End::reset);
  EXPECT_FALSE(client.aborted);
  EXPECT_THAT(rig.ends, IsEmpty());
  client.hold_sending(false);
  EXPECT_TRUE(client.aborted);
  EXPECT_THAT(rig.ends, ElementsAre(RelayEnd::reset));
}

TEST_F(RelayTest, WaitsForNobodyWhenBothAreReset) {
  client.hold_sending(true);
  backend.send("answer");
  backend.finish(End::reset);
  EXPECT_THAT(rig.ends, IsEmpty());
  client.finish(End::reset);
  EXPECT_THAT(rig.ends, ElementsAre(RelayEnd::reset));
  EXPECT_EQ(rig.breaking, 1);
}

TEST_F(RelayTest, DropsWhatIsPendingForAPeerThatIsGone) {
  backend.make_room(2);
  client.send("hello");
  backend.finish(End::reset);
  client.send(" more");
  EXPECT_EQ(client.read_so_far, kBuffer) << "nobody could take it";
  EXPECT_EQ(backend.received, "he");
  EXPECT_THAT(rig.ends, ElementsAre(RelayEnd::reset));
}

TEST_F(RelayTest, ReadsWhatAPeerSentBeforeItsConnectionBroke) {
  backend.break_writes();
  client.send("request");
  EXPECT_EQ(rig.breaking, 1);
  backend.send("error page");
  backend.finish(End::fin);
  EXPECT_EQ(client.received, "error page");
  EXPECT_TRUE(client.aborted);
  EXPECT_THAT(rig.ends, ElementsAre(RelayEnd::reset));
}

TEST_F(RelayTest, ReadsASideOnlyWhileNothingIsPendingForTheOther) {
  backend.make_room(1);
  client.send("0123456789");
  EXPECT_EQ(client.read_so_far, kBuffer);
  for (std::size_t taken = 1; taken < kBuffer; ++taken) {
    EXPECT_EQ(client.read_so_far, kBuffer);
    backend.make_room(1);
  }
  backend.make_room(1);
  EXPECT_GT(client.read_so_far, kBuffer);
  client.make_room(0);
  backend.make_room(ScriptedStream::kNoLimit);
  EXPECT_EQ(backend.received, "0123456789") << "the other direction does not matter";
}

TEST_F(RelayTest, GivesOthersTheirTurnAfterAFewBuffers) {
  constexpr std::size_t kShare = kBuffer * Relay::kTurns;
  const std::string bulk(2 * kShare, 'x');
  client.send(bulk);
  EXPECT_EQ(backend.received.size(), kShare);
  EXPECT_EQ(client.calls_asked, 1);
  backend.send("short");
  EXPECT_EQ(client.received, "short");
  rig.settle();
  EXPECT_EQ(backend.received, bulk);
}

TEST_F(RelayTest, ReportsItsEndOnce) {
  client.finish(End::fin);
  backend.finish(End::fin);
  EXPECT_THAT(rig.ends, ElementsAre(RelayEnd::finished));
  client.finish(End::reset);
  backend.tell();
  EXPECT_THAT(rig.ends, ElementsAre(RelayEnd::finished));
  EXPECT_EQ(rig.breaking, 0);
  EXPECT_FALSE(client.aborted) << "a healthy close is clean";
}

TEST_F(RelayTest, AbortResetsBoth) {
  rig.relay->abort();
  EXPECT_TRUE(client.aborted);
  EXPECT_TRUE(backend.aborted);
}

TEST(RelayStartTest, TakesWhatIsThereAlready) {
  Rig rig([](Rig& before) {
    before.client->send("request");
    before.client->finish(End::fin);
    before.backend->send("banner");
  });
  EXPECT_EQ(rig.backend->received, "request");
  EXPECT_TRUE(rig.backend->shut);
  EXPECT_EQ(rig.client->received, "banner");
}

TEST(RelayStartTest, FindsASideThatIsBrokenAlready) {
  Rig rig([](Rig& before) {
    before.backend->send("banner");
    before.backend->finish(End::reset);
  });
  EXPECT_EQ(rig.client->received, "banner");
  EXPECT_THAT(rig.ends, ElementsAre(RelayEnd::reset));
}

}  // namespace
}  // namespace fwd
