#include "net/relay.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "net/relay_rig.h"

namespace fwd {
namespace {

using End = ScriptedStream::End;
using testing::ElementsAre;
using testing::IsEmpty;

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

TEST_F(RelayTest, KeepsLessOfEachSessionWhereMuchIsKeptAlready) {
  std::vector<std::byte> buffer(8 * Relay::kLeastRead);
  rig.context.buffer = buffer;
  const std::string bulk(buffer.size(), 'x');
  backend.make_room(1);
  client.send(bulk);
  EXPECT_EQ(client.read_so_far, bulk.size()) << "the backend may be fast";
  EXPECT_EQ(rig.context.kept, bulk.size() - 1);

  rig.context.kept = Relay::kPlenty;
  client.make_room(1);
  backend.send(bulk);
  EXPECT_EQ(backend.read_so_far, Relay::kLeastRead);
  rig.relay.reset();
  EXPECT_EQ(rig.context.kept, Relay::kPlenty - bulk.size() + 1)
      << "nothing is counted of a session that is over";
}

TEST_F(RelayTest, BreaksWhenASideCouldNotBeWatched) {
  client.fail_unwatched();
  rig.settle();
  EXPECT_EQ(rig.breaking, 1);
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
  EXPECT_EQ(client.read_so_far, kRigBuffer) << "nobody could take it";
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
  EXPECT_EQ(client.read_so_far, kRigBuffer);
  for (std::size_t taken = 1; taken < kRigBuffer; ++taken) {
    EXPECT_EQ(client.read_so_far, kRigBuffer);
    backend.make_room(1);
  }
  backend.make_room(1);
  EXPECT_GT(client.read_so_far, kRigBuffer);
  client.make_room(0);
  backend.make_room(ScriptedStream::kNoLimit);
  EXPECT_EQ(backend.received, "0123456789") << "the other direction does not matter";
}

TEST_F(RelayTest, WantsNoEventsOfASideThatHasToWait) {
  backend.make_room(1);
  client.send("0123456789");
  EXPECT_TRUE(client.input_paused);
  client.send("abc");
  client.finish(End::fin);
  backend.make_room(ScriptedStream::kNoLimit);
  EXPECT_FALSE(client.input_paused);
  EXPECT_EQ(backend.received, "0123456789abc");
  EXPECT_TRUE(backend.shut);
}

TEST_F(RelayTest, GivesOthersTheirTurnAfterAShare) {
  constexpr std::size_t kShare = Relay::kTurnBytes;
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
