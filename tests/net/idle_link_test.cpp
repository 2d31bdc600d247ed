#include <gmock/gmock.h>
#include <netinet/tcp.h>

#include "net/link_pool_fixture.h"

namespace fwd {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::Gt;
using testing::IsEmpty;
using testing::Le;
using testing::Pair;
using testing::SizeIs;

// What happens to links that wait.
class IdleLinkTest : public LinkPoolFixture {
 protected:
  IdleLinkTest() { add(backend.endpoint()); }

  Fd& link(std::size_t index) { return backend.links().at(index); }
  void send(std::size_t index, std::string_view text) {
    send_text(link(index).get(), text);
    EXPECT_TRUE(run_until(loop, [&] { return all_acknowledged(link(index).get()); }));
    run_passes(loop);
  }
  // The only link is retired for this, and its age is told.
  void expect_lost(RetireReason reason) {
    may_open = false;
    ASSERT_TRUE(wait_for_retired(reason));
    EXPECT_EQ(idle(), 0U);
    EXPECT_THAT(idle_closes, ElementsAre(Pair(1, AllOf(Gt(Duration::zero()), Le(clock_now() - began)))));
    EXPECT_THAT(failed, IsEmpty());
  }

  const TimePoint began = clock_now();
};

TEST_F(IdleLinkTest, KeepsAGreetingForItsTaker) {
  fill(1);
  const std::string greeting(600, 'g');
  send(0, greeting);
  EXPECT_EQ(idle(), 1U);
  const auto stream = take_link();
  ASSERT_NE(stream, nullptr);
  EXPECT_TRUE(stream->readable());
  EXPECT_EQ(read(*stream), greeting);
  EXPECT_THAT(idle_closes, IsEmpty());
}

// One that was not may be turned away yet.
TEST_F(IdleLinkTest, WasGreetedBeforeItIsTakenWhereTheBackendSpeaksFirst) {
  fill(3);
  send(0, "220 hello");
  send(1, "220 hello");
  EXPECT_LT(index_of(*take_link()), 2U);
  EXPECT_LT(index_of(*take_link()), 2U);
  EXPECT_EQ(index_of(*take_link()), 2U) << "better than none";
}

// So that under load none reaches the age at which the backend has enough of them.
TEST_F(IdleLinkTest, GoesOldestFirstWhereTheBackendSpeaksFirstAndAllAreYoung) {
  fill(3);
  for (std::size_t i = 0; i < 3; ++i) send(i, "220 hello");
  may_open = false;
  EXPECT_EQ(index_of(*take_link()), 0U);
  EXPECT_EQ(index_of(*take_link()), 1U);
}

// The newest may not even be accepted yet.
TEST_F(IdleLinkTest, GoesOldestFirstWhereTheBackendSpeaksFirstAndNoneIsGreetedYet) {
  fill(3);
  may_open = false;
  send(2, "220 hello");
  EXPECT_EQ(index_of(*take_link()), 2U);
  EXPECT_EQ(index_of(*take_link()), 0U);
  EXPECT_EQ(index_of(*take_link()), 1U);
}

TEST_F(IdleLinkTest, GoesNewestFirstWhereTheBackendSpeaksFirstAndAllHaveWaitedLong) {
  fill(2);
  for (std::size_t i = 0; i < 2; ++i) send(i, "220 hello");
  run_for(std::chrono::seconds(2));
  EXPECT_EQ(index_of(*take_link()), 1U);
}

TEST_F(IdleLinkTest, IsRetiredWhenTheBackendClosesIt) {
  fill(1);
  link(0).reset();
  expect_lost(RetireReason::closed);
}

TEST_F(IdleLinkTest, IsRetiredWhenTheBackendResetsIt) {
  fill(1);
  reset_connection(link(0));
  expect_lost(RetireReason::reset);
}

TEST_F(IdleLinkTest, IsRetiredWhenTheBackendClosesItAfterAGreeting) {
  fill(1);
  send(0, "too many connections");
  link(0).reset();
  expect_lost(RetireReason::closed);
}

TEST_F(IdleLinkTest, IsRetiredWhenItWasClosedBeforeItWasKept) {
  context.delay = [](const Endpoint&) { return milliseconds(20); };
  order(1);
  ASSERT_TRUE(run_until(loop, [this] { return connecting() == 1; }));
  ASSERT_TRUE(run_until(loop, [this] { return backend.count() == 1; }));
  link(0).reset();
  expect_lost(RetireReason::closed);
}

TEST_F(IdleLinkTest, FoundDeadWhenTakenGivesTheNextOne) {
  fill(3);
  link(2).reset();
  reset_connection(link(1));
  const auto stream = take_link();
  ASSERT_NE(stream, nullptr);
  EXPECT_EQ(index_of(*stream), 0U);
  EXPECT_EQ(retired(RetireReason::stale), 2U);
  EXPECT_THAT(idle_closes, SizeIs(2));
}

TEST_F(IdleLinkTest, FoundDeadWhenTakenIsNotGiven) {
  fill(1);
  send(0, "greeting");
  link(0).reset();
  EXPECT_EQ(take_link(), nullptr);
  EXPECT_EQ(retired(RetireReason::stale), 1U);
}

TEST_F(IdleLinkTest, IsReplacedWhenItIsLost) {
  fill(2);
  link(0).reset();
  ASSERT_TRUE(wait_for_retired(RetireReason::closed));
  EXPECT_TRUE(wait_for_idle(2));
  EXPECT_EQ(backend.count(), 3U);
}

TEST_F(IdleLinkTest, ExpiresAtItsAgeAndIsReplaced) {
  constexpr Duration kAge = milliseconds(60);
  fill(1, kAge);
  const TimePoint opened_by = clock_now();
  ASSERT_TRUE(wait_for_retired(RetireReason::expired));
  EXPECT_GE(clock_now(), opened_by + kAge / 2);
  EXPECT_TRUE(wait_for_idle(1));
  EXPECT_EQ(take(link(0).get()).then, Found::Then::eof);
  EXPECT_EQ(backend.count(), 2U);
  EXPECT_THAT(idle_closes, IsEmpty()) << "the backend did not close it";
}

// Twenty links that are born in the same pass of the loop.
TEST_F(IdleLinkTest, LinksOfOneAgeExpireApart) {
  constexpr Duration kAge = milliseconds(300);
  fill(20);
  for (int i = 0; i < 20; ++i) EXPECT_NE(take_link(), nullptr);
  const TimePoint born_after = clock_now();
  order(20, kAge);
  ASSERT_TRUE(wait_for_idle(20));
  may_open = false;
  ASSERT_TRUE(run_until(loop, [this] { return retired(RetireReason::expired) > 0; }));
  const TimePoint first = clock_now();
  EXPECT_GE(first, born_after + kAge * 9 / 10);
  ASSERT_TRUE(wait_for_retired(RetireReason::expired, 20));
  EXPECT_GE(clock_now(), first + kAge / 10) << "of the fifth in which all are to be";
}

TEST_F(IdleLinkTest, LowerAgeAppliesToLinksThatWaitAlready) {
  fill(3);
  may_open = false;
  order(3, milliseconds(30));
  EXPECT_TRUE(wait_for_retired(RetireReason::expired, 3));
}

TEST_F(IdleLinkTest, HigherAgeAppliesToLinksThatWaitAlready) {
  fill(2, milliseconds(200));
  order(2);
  run_for(milliseconds(300));
  EXPECT_EQ(retired(RetireReason::expired), 0U);
}

TEST_F(IdleLinkTest, IsClosedCleanlyAlsoWithAGreetingUnread) {
  fill(1);
  send(0, std::string(10'000, 'g'));
  order(0);
  Found found;
  EXPECT_TRUE(run_until(loop, [&] { return (found = take(link(0).get())).then != Found::Then::nothing; }));
  EXPECT_EQ(found.then, Found::Then::eof);
  // A reset would come behind it.
  EXPECT_EQ(::send(link(0).get(), "", 0, MSG_NOSIGNAL), 0);
}

TEST_F(IdleLinkTest, IsKeptAliveOnlyWhenItWaitsLong) {
  options.keepalive = {milliseconds(60), milliseconds(1000), 3};
  const auto kept_alive = [this] {
    const auto stream = take_link();
    int on = -1;
    socklen_t size = sizeof on;
    ::getsockopt(static_cast<SocketStream&>(*stream).fd(), SOL_SOCKET, SO_KEEPALIVE, &on, &size);
    return on == 1;
  };
  options.keepalive.idle = kLong;
  fill(1);
  EXPECT_FALSE(kept_alive());
  options.keepalive.idle = milliseconds(60);
  fill(2);
  run_for(milliseconds(60));
  EXPECT_TRUE(kept_alive());
  EXPECT_EQ(idle(), 1U) << "it goes on waiting";
}

}  // namespace
}  // namespace fwd
