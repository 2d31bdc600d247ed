#include <gmock/gmock.h>

#include <string>
#include <utility>

#include "net/pooled_request_fixture.h"

namespace fwd {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

using PooledRequestTest = PooledRequestFixture;

TEST_F(PooledRequestTest, DeliversAWaitingLinkAtOnce) {
  const BackendKey key = add_pooled();
  fill(key, 1);
  start();
  EXPECT_EQ(answers, 1) << "before start returns";
  EXPECT_EQ(source, LinkSource::pool);
  EXPECT_EQ(lease.backend().key, key);
  EXPECT_EQ(in_use(key), 1U);
  EXPECT_EQ(counters(key).hits.value(), 1U);
  EXPECT_EQ(counters(key).misses.value(), 0U);
  EXPECT_THAT(succeeded, IsEmpty()) << "nothing was dialled";
  expect_to_be_linked_to(backend.links()[0]);
  expect_one_answer();
}

TEST_F(PooledRequestTest, DeliversAGreetingWithTheLink) {
  const BackendKey key = add_pooled();
  fill(key, 1);
  send_text(backend.links()[0].get(), "220 hello");
  start();
  ASSERT_EQ(answers, 1);
  std::string bytes(64, '\0');
  bytes.resize(stream->read(std::as_writable_bytes(std::span(bytes))).bytes);
  EXPECT_EQ(bytes, "220 hello");
}

TEST_F(PooledRequestTest, DialsWhenTheWaitingLinkIsDead) {
  const BackendKey key = add_pooled();
  fill(key, 1);
  backend.links()[0].reset();
  start();
  expect_one_answer();
  EXPECT_EQ(source, LinkSource::dial);
  EXPECT_EQ(lease.backend().key, key);
  EXPECT_EQ(counters(key).hits.value(), 0U);
  EXPECT_EQ(counters(key).misses.value(), 1U);
  EXPECT_THAT(idle_closes, ElementsAre(key));
  EXPECT_THAT(failed, IsEmpty());
}

TEST_F(PooledRequestTest, TakesAWaitingLinkOfTheNextMemberWhenTheFirstRefuses) {
  add_refusing();
  const BackendKey key = add_pooled();
  fill(key, 1);
  start();
  expect_one_answer();
  EXPECT_EQ(source, LinkSource::pool);
  EXPECT_EQ(lease.backend().key, key);
}

TEST_F(PooledRequestTest, TakesAWaitingLinkOfTheNextMemberWhenTheFirstIsSlow) {
  connector.options.dial_stagger = milliseconds(5);
  const BackendKey slow = add_silent();
  const BackendKey key = add_pooled();
  fill(key, 1);
  start();
  expect_one_answer();
  EXPECT_EQ(source, LinkSource::pool);
  EXPECT_THAT(overtaken, ElementsAre(slow));
}

TEST_F(PooledRequestTest, CountsTheSessionsOnLinksOfTheBackendAndTheMostAtOnce) {
  const BackendKey key = add_pooled();
  fill(key, 1);
  auto counted = backends.find(key)->pool;
  start();  // a hit
  BackendTable::Lease first = std::move(lease);
  EXPECT_EQ(counted->in_use.value(), 1U);
  order(key, 0);
  start();  // a miss
  EXPECT_EQ(counted->in_use.value(), 1U) << "a dial is no session yet";
  ASSERT_TRUE(run_until(loop, [this] { return answers == 2; }));
  EXPECT_EQ(source, LinkSource::dial);
  EXPECT_EQ(counted->in_use.value(), 2U);
  first.reset();
  lease.reset();
  EXPECT_EQ(counted->in_use.value(), 0U);
  EXPECT_EQ(counted->peak.take(0), 2U);
}

TEST_F(PooledRequestTest, LoserOfARaceGoesToThePool) {
  constexpr std::size_t kWanted = FillPacer::kGrowing + 1;
  context.delay = [this](const Endpoint& to) {
    return to == backend.endpoint() ? milliseconds(300) : milliseconds(0);
  };
  connector.options.dial_stagger = milliseconds(5);
  const BackendKey slow = add_pooled();
  const BackendKey good = add_good();
  order(slow, kWanted);
  start();
  ASSERT_TRUE(run_until_answered());
  EXPECT_EQ(lease.backend().key, good);
  EXPECT_EQ(in_use(slow), 0U);
  ASSERT_TRUE(run_until(loop, [&] { return counters(slow).idle.value() == kWanted; }));
  EXPECT_EQ(backend.count(), kWanted) << "the pool counted it in";
  for (const Fd& link : backend.links()) EXPECT_EQ(take(link.get()), Found{});
  EXPECT_THAT(failed, IsEmpty());
  EXPECT_EQ(answers, 1);
}

TEST_F(PooledRequestTest, PassesOverABackendInDoubtWhileAnotherCanBeHad) {
  const BackendKey key = add_pooled();
  fill(key, 1);
  const BackendKey good = add_good();
  backend.close_listener();
  order(key, 2);
  ASSERT_TRUE(run_until(loop, [this] { return !failed.empty(); }));
  start();
  ASSERT_TRUE(run_until_answered());
  EXPECT_EQ(lease.backend().key, good);
  EXPECT_EQ(in_use(key), 0U);
}

TEST_F(PooledRequestTest, MayBeDestroyedWhenItIsGivenALinkInPlaceOfOneInDoubt) {
  PlainBackend other;
  const BackendKey key = add_pooled();
  fill(key, 1);
  const BackendKey good = add(other.endpoint());
  order(good, 1);
  ASSERT_TRUE(run_until(loop, [&] { return counters(good).idle.value() == 1; }));
  backend.close_listener();
  order(key, 2);
  ASSERT_TRUE(run_until(loop, [this] { return !failed.empty(); }));
  on_answer = [this] { request.reset(); };
  start();
  EXPECT_EQ(answers, 1);
  EXPECT_EQ(source, LinkSource::pool);
  EXPECT_EQ(lease.backend().key, good);
}

TEST_F(PooledRequestTest, DialsABackendInDoubtWhenTheOthersAreSilent) {
  connector.options.dial_stagger = milliseconds(5);
  const BackendKey key = add_pooled();
  fill(key, 1);
  add_silent();
  backend.close_listener();
  order(key, 2);
  ASSERT_TRUE(run_until(loop, [this] { return !failed.empty(); }));
  backend.open_listener();
  start();
  EXPECT_EQ(answers, 0) << "what waits comes last";
  ASSERT_TRUE(run_until_answered());
  EXPECT_EQ(lease.backend().key, key);
}

TEST_F(PooledRequestTest, PortsThatAreShortForOneMemberDoNotKeepItFromAnother) {
  add_good();  // first in line
  const BackendKey pooled = add_pooled();
  fill(pooled, 1);
  connector.sources = SourceAddresses({ip("203.0.113.1")});  // no address of this machine
  start();
  EXPECT_EQ(answers, 1) << "a link that waits needs no port";
  EXPECT_EQ(source, LinkSource::pool);
  EXPECT_EQ(lease.backend().key, pooled);
}

TEST_F(PooledRequestTest, TakesALinkInDoubtWhenNothingElseIsLeft) {
  const BackendKey key = add_pooled();
  fill(key, 1);
  add_refusing();
  backend.close_listener();
  order(key, 2);
  ASSERT_TRUE(run_until(loop, [this] { return !failed.empty(); }));
  start();
  expect_one_answer();
  EXPECT_EQ(source, LinkSource::pool);
  EXPECT_EQ(lease.backend().key, key);
  EXPECT_EQ(in_use(key), 1U);
}

TEST_F(PooledRequestTest, TakesALinkInDoubtOfTheOnlyMember) {
  const BackendKey key = add_pooled();
  fill(key, 1);
  backend.close_listener();
  order(key, 2);
  ASSERT_TRUE(run_until(loop, [this] { return !failed.empty(); }));
  start();
  EXPECT_EQ(answers, 1);
  EXPECT_EQ(source, LinkSource::pool);
}

TEST_F(PooledRequestTest, MayBeDestroyedWhenItIsGivenAWaitingLink) {
  const BackendKey key = add_pooled();
  fill(key, 1);
  on_answer = [this] { request.reset(); };
  start();
  EXPECT_EQ(answers, 1);
  EXPECT_NE(stream, nullptr);
}

}  // namespace
}  // namespace fwd
