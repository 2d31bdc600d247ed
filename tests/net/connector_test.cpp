#include "net/connector.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "net/connector_fixture.h"

namespace fwd {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

using LinkRequestTest = LinkRequestFixture;

TEST_F(LinkRequestTest, GivesALinkThatCountsAsLoadOfItsBackend) {
  const BackendKey good = add_good();
  start();
  EXPECT_EQ(in_use(good), 1U) << "a dial in progress counts";
  expect_one_answer();
  EXPECT_EQ(lease.backend().key, good);
  EXPECT_EQ(in_use(good), 1U);
  EXPECT_THAT(succeeded, ElementsAre(good));
  EXPECT_TRUE(stream->writable());
  lease.reset();
  EXPECT_EQ(in_use(good), 0U);
}

TEST_F(LinkRequestTest, TriesAnotherMemberAtOnceWhenOneRefuses) {
  const BackendKey bad = add_refusing();
  const BackendKey good = add_good();
  start();
  expect_one_answer();
  EXPECT_EQ(lease.backend().key, good);
  EXPECT_THAT(failed, ElementsAre(Pair(bad, DialError::refused)));
  EXPECT_THAT(succeeded, ElementsAre(good));
  EXPECT_EQ(in_use(bad), 0U);
}

TEST_F(LinkRequestTest, FailsWithTheLastErrorWhenAllRefuse) {
  add_refusing();
  add_refusing();
  on_answer = [this] {
    EXPECT_EQ(in_use(1), 0U);
    EXPECT_EQ(in_use(2), 0U) << "a failed dial stops counting";
  };
  start();
  expect_one_answer();
  EXPECT_EQ(failure, DialError::refused);
  EXPECT_THAT(failed, ElementsAre(Pair(1, DialError::refused), Pair(2, DialError::refused)));
}

TEST_F(LinkRequestTest, TriesNoMoreMembersThanAllowed) {
  connector.options.dial_attempts = 2;
  for (int i = 0; i < 3; ++i) add_refusing();
  start();
  expect_one_answer();
  EXPECT_EQ(failed.size(), 2U);
}

TEST_F(LinkRequestTest, FailsAtOnceWithoutAnErrorWhenThereIsNoMember) {
  failure = DialError::other;
  start();
  EXPECT_EQ(answers, 1);
  EXPECT_EQ(failure, std::nullopt);
}

TEST_F(LinkRequestTest, GoesOnAtOnceWhenAMemberFailsBeforeStartReturns) {
  add({ip("224.0.0.1"), 9});
  const BackendKey good = add_good();
  start();
  expect_one_answer();
  EXPECT_THAT(failed, ElementsAre(Pair(1, DialError::unreachable)));
  EXPECT_EQ(lease.backend().key, good);
}

TEST_F(LinkRequestTest, StartsAnotherMemberWhenTheFirstIsSlowAndDropsTheLoser) {
  connector.options.dial_stagger = milliseconds(5);
  const BackendKey slow = add_silent();
  const BackendKey good = add_good();
  on_answer = [&] { EXPECT_EQ(in_use(slow), 0U); };
  start();
  expect_one_answer();
  EXPECT_EQ(lease.backend().key, good);
  EXPECT_THAT(failed, IsEmpty()) << "an overtaken dial is no failure";
  EXPECT_THAT(overtaken, ElementsAre(slow));
  EXPECT_THAT(succeeded, ElementsAre(good));
}

TEST_F(LinkRequestTest, FirstMayStillWinAfterTheSecondWasStarted) {
  context.delay = [](const Endpoint&) { return milliseconds(30); };
  connector.options.dial_stagger = milliseconds(20);
  const BackendKey first = add_good();
  const BackendKey second = add_good();
  start();
  ASSERT_TRUE(run_until(loop, [&] { return in_use(second) == 1; }));
  expect_one_answer();
  EXPECT_EQ(lease.backend().key, first);
  EXPECT_EQ(in_use(second), 0U);
  EXPECT_THAT(overtaken, IsEmpty()) << "the second had no time of its own";
}

TEST_F(LinkRequestTest, TimeOutIsReportedForEveryMember) {
  connector.options.dial_timeout = milliseconds(20);
  connector.options.dial_stagger = milliseconds(5);
  add_silent();
  add_silent();
  start();
  expect_one_answer();
  EXPECT_EQ(failure, DialError::timeout);
  EXPECT_THAT(failed, UnorderedElementsAre(Pair(1, DialError::timeout), Pair(2, DialError::timeout)));
}

// The time for the whole request ends together with that of its last dial.
TEST_F(LinkRequestTest, TimeOutOfTheOnlyAttemptIsReportedToo) {
  connector.options.dial_timeout = milliseconds(20);
  connector.options.dial_attempts = 1;
  add_silent();
  on_answer = [this] { EXPECT_EQ(in_use(1), 0U); };
  const TimePoint began = clock_now();
  start();
  expect_one_answer();
  EXPECT_GE(clock_now(), began + milliseconds(20));
  EXPECT_EQ(failure, DialError::timeout);
  EXPECT_THAT(failed, ElementsAre(Pair(1, DialError::timeout)));
}

TEST_F(LinkRequestTest, SourceAddressesTakeTurnsWithinTheFamily) {
  connector.sources = SourceAddresses({ip("127.0.0.5"), ip("::1"), ip("127.0.0.6")});
  add_good();
  std::vector<std::string> sources;
  for (int i = 0; i < 3; ++i) {
    answers = 0;
    start();
    ASSERT_TRUE(run_until_answered());
    SocketAddress peer;
    const Fd accepted = accept_from(listener.get());
    ::getpeername(accepted.get(), peer.get(), peer.size_pointer());
    sources.push_back(to_string(peer.endpoint().ip));
  }
  EXPECT_THAT(sources, ElementsAre("127.0.0.5", "127.0.0.6", "127.0.0.5"));
}

}  // namespace
}  // namespace fwd
