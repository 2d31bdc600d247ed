#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "core/random.h"
#include "net/relay_rig.h"

namespace fwd {
namespace {

using End = ScriptedStream::End;
using testing::ElementsAre;
using testing::StartsWith;

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
  }
  // The side that is told last is closed.
  EXPECT_TRUE(rig.client->shut || rig.backend->shut || rig.broken);
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

}  // namespace
}  // namespace fwd
