#include <gmock/gmock.h>

#include "net/link_pool_fixture.h"
#include "net/tls_clients.h"

namespace fwd {
namespace {

using std::chrono::milliseconds;
using testing::Each;
using testing::Pair;
using testing::SizeIs;

// Links that wait with hands shaken.
class TlsPoolTest : public LinkPoolFixture, public testing::WithParamInterface<int> {
 protected:
  TlsPoolTest() {
    options.tls = client.get();
    add(server.endpoint());
  }
  template <class Fact>
  bool run(Fact fact) {
    return run_until(loop, [&] {
      server.work();
      return fact();
    });
  }
  void fill_tls(std::size_t links) {
    order(links);
    ASSERT_TRUE(run([&] { return idle() == links; }));
  }
  TlsServerLink& link(std::size_t index) { return *server.links().at(index); }

  TlsTestClient client;
  const TlsServerOptions server_options{GetParam(), {}, nullptr, 2};
  TlsListener server{TlsTestClient::identity(), server_options};
};

TEST_P(TlsPoolTest, LinksWaitWithHandsShaken) {
  fill_tls(2);
  EXPECT_TRUE(link(0).shaken());
  EXPECT_TRUE(run([this] { return link(1).shaken(); }));
  const auto stream = take_link();
  ASSERT_NE(stream, nullptr);
  EXPECT_EQ(stream->write(std::as_bytes(std::span("hello", 5))).bytes, 5U);
  EXPECT_TRUE(run([this] { return link(1).found().bytes == "hello"; }));
}

TEST_P(TlsPoolTest, TicketsAreNoGreetingAndAreUsedToRefill) {
  fill_tls(1);
  ASSERT_TRUE(run([this] { return link(0).shaken(); }));
  run_for(milliseconds(20));
  EXPECT_EQ(idle(), 1U);
  const auto stream = take_link();
  ASSERT_TRUE(run([this] { return server.links().size() == 2 && link(1).shaken(); }));
  EXPECT_TRUE(link(1).resumed());
}

TEST_P(TlsPoolTest, KeepsAGreetingForItsTaker) {
  fill_tls(1);
  ASSERT_TRUE(run([this] { return link(0).shaken(); }));
  link(0).send("220 hello");
  ASSERT_TRUE(run([this] { return link(0).sent() && all_acknowledged(link(0).fd()); }));
  run_passes(loop);
  EXPECT_EQ(idle(), 1U);
  const auto stream = take_link();
  ASSERT_NE(stream, nullptr);
  EXPECT_TRUE(stream->readable());
  EXPECT_EQ(read(*stream), "220 hello");
}

TEST_P(TlsPoolTest, CloseNotifyRetiresTheLink) {
  fill_tls(1);
  ASSERT_TRUE(run([this] { return link(0).shaken(); }));
  may_open = false;
  link(0).close_notify();
  EXPECT_TRUE(wait_for_retired(RetireReason::closed));
  EXPECT_THAT(idle_closes, SizeIs(1));
}

TEST_P(TlsPoolTest, ResetRetiresTheLink) {
  fill_tls(1);
  ASSERT_TRUE(run([this] { return link(0).shaken(); }));
  may_open = false;
  link(0).reset();
  EXPECT_TRUE(wait_for_retired(RetireReason::reset));
}

TEST_P(TlsPoolTest, SaysGoodbyeToTheBackend) {
  fill_tls(1);
  ASSERT_TRUE(run([this] { return link(0).shaken(); }));
  order(0);
  ASSERT_TRUE(run([this] { return link(0).found().then != Found::Then::nothing; }));
  EXPECT_EQ(link(0).found().then, Found::Then::eof);
}

TEST_P(TlsPoolTest, FailedHandshakesAreFailedFillsAndBackOff) {
  TlsListener wrong(TlsTestClient::ca().issue({.names = "DNS:other.test"}), server_options);
  const BackendKey key = add(wrong.endpoint());
  const TimePoint began = clock_now();
  order(1, kLong, key);
  ASSERT_TRUE(run_until(loop, [&] {
    wrong.work();
    return failed.size() >= 3;
  }));
  EXPECT_GE(clock_now(), began + milliseconds(50 + 100));
  EXPECT_THAT(failed, Each(Pair(key, DialError::tls_name)));
  EXPECT_EQ(counters(key).fill_failures.value(), failed.size());
}

INSTANTIATE_TEST_SUITE_P(Versions, TlsPoolTest, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& test) { return test.param == TLS1_2_VERSION ? "Tls12" : "Tls13"; });

}  // namespace
}  // namespace fwd
