#include <gmock/gmock.h>

#include <vector>

#include "net/connector_fixture.h"

namespace fwd {
namespace {

using std::chrono::milliseconds;
using testing::IsEmpty;

// Nothing can be dialed for a reason of this machine alone; here, a source address that is not its own.
class LocalFaultTest : public LinkRequestFixture {
 protected:
  LocalFaultTest() { connector.sources = SourceAddresses({ip("203.0.113.1")}); }
  void mend() { connector.sources = {}; }
  void start_and_wait(Duration time) {
    start();
    EXPECT_FALSE(run_until(
        loop, [this] { return answered(); }, time));
  }
};

TEST_F(LocalFaultTest, IsWaitedForSinceNoOtherMemberWouldHelp) {
  const BackendKey good = add_good();
  start_and_wait(milliseconds(50));
  mend();
  expect_one_answer();
  EXPECT_EQ(lease.backend().key, good);
  EXPECT_THAT(failed, IsEmpty()) << "no fault of the backend";
}

TEST_F(LocalFaultTest, DialThatItCutShortIsNoFaultOfTheBackend) {
  connector.options.dial_timeout = milliseconds(60);
  connector.options.dial_attempts = 1;
  add_silent();
  start_and_wait(milliseconds(10));
  mend();
  expect_one_answer();
  EXPECT_EQ(failure, DialError::timeout);
  EXPECT_THAT(failed, IsEmpty());
}

TEST_F(LocalFaultTest, EndsTheRequestAfterTheTimeOfAllAttempts) {
  connector.options.dial_timeout = milliseconds(15);
  add_good();
  const TimePoint began = clock_now();
  start();
  expect_one_answer();
  EXPECT_GE(clock_now(), began + milliseconds(45));
  EXPECT_EQ(failure, DialError::local);
  EXPECT_THAT(failed, IsEmpty());
}

using LinkRequestLifetimeTest = LinkRequestFixture;

TEST_F(LinkRequestLifetimeTest, MayBeDestroyedWhenItAnswers) {
  on_answer = [this] { request.reset(); };
  start();  // no member: before it returns
  EXPECT_EQ(answers, 1);

  add_refusing();
  start();
  EXPECT_TRUE(run_until(loop, [this] { return answers == 2; }));

  connector.options.dial_stagger = milliseconds(5);
  set.members.clear();
  add_silent();
  add_good();
  start();
  EXPECT_TRUE(run_until(loop, [this] { return answers == 3; }));
  EXPECT_NE(stream, nullptr);
  EXPECT_EQ(request, nullptr);
  EXPECT_EQ(in_use(1), 0U);
}

// Destroyed after every number of steps, with the members in several orders.
TEST_F(LinkRequestLifetimeTest, LeavesNothingBehindWhereverItIsDestroyed) {
  const Endpoint& no = refusing.endpoint;
  const Endpoint& mute = silent.endpoint;
  const std::vector<std::vector<Endpoint>> sets = {
      {server}, {no, server}, {mute, no, server}, {mute, mute, mute}};
  connector.options.dial_stagger = milliseconds(1);
  for (const auto& members : sets) {
    set.members.clear();
    for (const Endpoint& member : members) add(member);
    for (int steps = 0; steps < 12; ++steps) {
      answers = 0;
      start();
      for (int i = 0; i < steps; ++i) {
        run_until(
            loop, [this] { return answered(); }, milliseconds(1));
      }
      request.reset();
      stream.reset();
      lease.reset();
      for (const ActiveMember& member : set.members) EXPECT_EQ(in_use(member.key), 0U);
      const int before = answers;
      run_passes(loop);
      EXPECT_EQ(answers, before);
    }
  }
}

}  // namespace
}  // namespace fwd
