#include "net/connector.h"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <functional>
#include <memory>
#include <vector>

#include "net/dial_fixture.h"

namespace fwd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

// Members are tried in the order in which they were added: the later ones carry load already.
class LinkRequestTest : public DialFixture, public LinkRequest::Owner, public DialObserver {
 protected:
  LinkRequestTest() {
    connector.options.dial_timeout = seconds(10);
    connector.options.dial_stagger = seconds(10);
    connector.options.dial_attempts = 3;
  }

  BackendKey add(const Endpoint& endpoint) {
    const BackendKey key = set.members.size() + 1;
    auto load = std::make_shared<BackendLoad>();
    for (BackendKey i = 1; i < key; ++i) load->begin();
    set.members.push_back({key, {endpoint}, load, {}});
    backends.set_active(std::make_shared<ActiveSet>(set));
    return key;
  }
  BackendKey add_good() { return add(server); }
  BackendKey add_refusing() { return add(refusing.endpoint); }
  BackendKey add_silent() { return add(silent.endpoint); }
  // Dials and sessions that a member carries because of the request.
  std::uint64_t in_use(BackendKey key) const {
    return set.members[static_cast<std::size_t>(key) - 1].load->in_use() - (key - 1);
  }

  void start() {
    request = std::make_unique<LinkRequest>(connector, ip("127.0.0.1"), static_cast<LinkRequest::Owner&>(*this));
    request->start();
  }
  bool answered() const { return answers > 0; }
  bool run_until_answered() {
    return run_until(loop, [this] { return answered(); });
  }
  // Also that nothing comes after the one answer, although the request lives on.
  void expect_one_answer() {
    ASSERT_TRUE(run_until_answered());
    EXPECT_FALSE(run_until(loop, [this] { return answers > 1; }, milliseconds(30)));
  }

  void link_ready(std::unique_ptr<Stream> ready, BackendTable::Lease used) override {
    ++answers;
    stream = std::move(ready);
    lease = std::move(used);
    if (on_answer) on_answer();
  }
  void link_failed(std::optional<DialError> error) override {
    ++answers;
    failure = error;
    if (on_answer) on_answer();
  }
  void dial_succeeded(BackendKey key, Duration elapsed) override {
    EXPECT_GT(elapsed, Duration::zero());
    succeeded.push_back(key);
  }
  void dial_failed(BackendKey key, DialError error) override { failed.emplace_back(key, error); }

  Fd listener = listen_on(loopback());
  Endpoint server = local_endpoint(listener.get());
  RefusingPort refusing;
  SilentPort silent;
  ActiveSet set;
  BackendTable backends;
  Balancer balancer{BalancingAlgorithm::least_connections, Random(1)};
  Connector connector{context, {}, backends, balancer, *this};

  int answers = 0;
  std::unique_ptr<Stream> stream;
  BackendTable::Lease lease;
  std::optional<DialError> failure;
  std::vector<BackendKey> succeeded;
  std::vector<std::pair<BackendKey, DialError>> failed;
  std::function<void()> on_answer;
  std::unique_ptr<LinkRequest> request;
};

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
  connector.options.source_addrs = {ip("127.0.0.5"), ip("::1"), ip("127.0.0.6")};
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

// No descriptor can be opened while this lives.
struct DescriptorShortage {
  DescriptorShortage() {
    ::getrlimit(RLIMIT_NOFILE, &before);
    const rlimit none{0, before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~DescriptorShortage() { ::setrlimit(RLIMIT_NOFILE, &before); }
  rlimit before{};
};

TEST_F(LinkRequestTest, WaitsWhileThisMachineIsShortOfDescriptors) {
  const BackendKey good = add_good();
  {
    const DescriptorShortage shortage;
    start();
    EXPECT_FALSE(run_until(loop, [this] { return answered(); }, milliseconds(50)));
  }
  expect_one_answer();
  EXPECT_EQ(lease.backend().key, good);
  EXPECT_THAT(failed, IsEmpty()) << "no fault of the backend";
}

TEST_F(LinkRequestTest, DialCutShortByAShortageIsNoFaultOfTheBackend) {
  connector.options.dial_timeout = milliseconds(60);
  connector.options.dial_attempts = 1;
  add_silent();
  {
    const DescriptorShortage shortage;
    start();
    EXPECT_FALSE(run_until(loop, [this] { return answered(); }, milliseconds(20)));
  }
  expect_one_answer();
  EXPECT_EQ(failure, DialError::timeout);
  EXPECT_THAT(failed, IsEmpty());
}

TEST_F(LinkRequestTest, GivesUpOnAShortageInTheEnd) {
  connector.options.dial_timeout = milliseconds(15);
  add_good();
  const TimePoint began = clock_now();
  {
    const DescriptorShortage shortage;
    start();
    expect_one_answer();
  }
  EXPECT_GE(clock_now(), began + milliseconds(45));
  EXPECT_EQ(failure, DialError::local);
  EXPECT_THAT(failed, IsEmpty());
}

TEST_F(LinkRequestTest, MayBeDestroyedWhenItAnswers) {
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
TEST_F(LinkRequestTest, LeavesNothingBehindWhereverItIsDestroyed) {
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
        run_until(loop, [this] { return answered(); }, milliseconds(1));
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
