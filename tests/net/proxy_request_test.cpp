#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <tuple>

#include "net/pooled_request_fixture.h"
#include "net/tls_clients.h"

namespace fwd {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

class ProxyRequestTest : public PooledRequestFixture,
                         public testing::WithParamInterface<std::tuple<ProxyProtocol, bool>> {};

TEST_P(ProxyRequestTest, HeaderIsTheFirstThingThatTheBackendReads) {
  const auto& [version, pooled] = GetParam();
  options.proxy = version;
  inbound.addresses = {{ip("192.0.2.1"), 4711}, {ip("192.0.2.2"), 80}};
  const BackendKey key = add_pooled();
  if (pooled) {
    fill(key, 1);
    EXPECT_EQ(backend.spoken(), 0U) << "a link that waits is nobody's";
  }
  start();
  expect_one_answer();
  EXPECT_EQ(source, pooled ? LinkSource::pool : LinkSource::dial);
  EXPECT_EQ(counters(key).hits.value(), pooled ? 1U : 0U);
  ASSERT_GE(backend.count(), 1U);
  expect_to_be_linked_to(backend.links()[0], proxy_header(version, inbound.addresses));
}

INSTANTIATE_TEST_SUITE_P(Versions, ProxyRequestTest,
                         testing::Combine(testing::Values(ProxyProtocol::v1, ProxyProtocol::v2),
                                          testing::Bool()));

// The header has to precede the handshake, so links wait as plain TCP.
class ProxyOverTlsRequestTest : public PooledRequestFixture {
 protected:
  ProxyOverTlsRequestTest() {
    options.tls = client.get();
    options.proxy = ProxyProtocol::v2;
    inbound.addresses = {{ip("192.0.2.1"), 4711}, {ip("192.0.2.2"), 80}};
    header = proxy_header(ProxyProtocol::v2, inbound.addresses, "backend.test");
  }
  // Shakes hands on the one link on which more than a header has come.
  void serve() {
    for (Fd& link : backend.links()) {
      if (!link || bytes_waiting(link.get()) <= header.size()) continue;
      std::string got(header.size(), '\0');
      EXPECT_EQ(::recv(link.get(), got.data(), got.size(), 0), static_cast<ssize_t>(got.size()));
      EXPECT_EQ(got, header);
      end = std::make_unique<TlsServerLink>(server, std::move(link));
    }
    if (end != nullptr) end->work();
  }
  bool run_served() {
    return run_until(loop, [this] {
      serve();
      return answered();
    });
  }
  // The backend closes the link that was taken, once the client has spoken.
  void fail_the_link_taken() {
    ASSERT_TRUE(run_until(loop, [this] { return backend.spoken() == 1; }));
    for (Fd& link : backend.links()) {
      if (bytes_waiting(link.get()) > 0) link.reset();
    }
  }

  TlsTestClient client;
  TlsServer server{TlsTestClient::identity()};
  std::string header;
  std::unique_ptr<TlsServerLink> end;
};

TEST_F(ProxyOverTlsRequestTest, BothComeWhenTheLinkIsTaken) {
  const BackendKey key = add_pooled();
  fill(key, 1);
  run_for(milliseconds(20));
  EXPECT_EQ(backend.spoken(), 0U);
  start();
  EXPECT_EQ(in_use(key), 1U);
  ASSERT_TRUE(run_served());
  EXPECT_EQ(source, LinkSource::pool);
  EXPECT_EQ(counters(key).hits.value(), 1U);
  EXPECT_EQ(end->server_name(), "backend.test");
}

TEST_F(ProxyOverTlsRequestTest, BothComeOnALinkThatIsDialled) {
  add_pooled();
  start();
  ASSERT_TRUE(run_served());
  EXPECT_EQ(source, LinkSource::dial);
}

TEST_F(ProxyOverTlsRequestTest, LinkThatFailsThenGivesWayToANewOneOfTheSameMember) {
  const BackendKey key = add_pooled();
  fill(key, 1);
  start();
  fail_the_link_taken();
  ASSERT_TRUE(run_served());
  EXPECT_EQ(source, LinkSource::dial);
  EXPECT_EQ(lease.backend().key, key);
  EXPECT_EQ(counters(key).hits.value(), 0U);
  EXPECT_THAT(failed, IsEmpty()) << "only a dead link";
  EXPECT_THAT(succeeded, Contains(key));
}

TEST_F(ProxyOverTlsRequestTest, LinkThatFailsThenIsWaitedForWhenThisMachineIsShort) {
  const BackendKey key = add_pooled();
  fill(key, 1);
  connector.sources = SourceAddresses({ip("203.0.113.1")});  // not ours, so that nothing can be dialled
  start();
  fail_the_link_taken();
  run_for(milliseconds(50));
  ASSERT_EQ(answers, 0);
  connector.sources = {};
  ASSERT_TRUE(run_served());
  EXPECT_EQ(lease.backend().key, key);
  EXPECT_THAT(failed, IsEmpty());
}

TEST_F(ProxyOverTlsRequestTest, HandshakeThatOutlastsTheRequestIsNamed) {
  connector.options.dial_timeout = milliseconds(40);
  connector.options.dial_attempts = 1;
  const BackendKey key = add_pooled();
  start();
  expect_one_answer();
  EXPECT_EQ(failure, DialError::tls_timeout);
  EXPECT_THAT(failed, ElementsAre(testing::Pair(key, DialError::tls_timeout)));
}

struct Way {
  ProxyProtocol proxy;
  bool tls;
  bool dead;  // the links that wait are, when one is taken
};

// Destroyed after every number of passes, on its way to each kind of link.
class PooledRequestLifetimeTest : public ProxyOverTlsRequestTest, public testing::WithParamInterface<Way> {
 protected:
  PooledRequestLifetimeTest() {
    const Way& way = GetParam();
    options.proxy = way.proxy;
    if (!way.tls) options.tls = nullptr;
    if (way.proxy == ProxyProtocol::none) return;
    header = proxy_header(way.proxy, inbound.addresses, way.tls ? "backend.test" : "");
  }
  void destroy_after(int passes) {
    start();
    for (int i = 0; i < passes; ++i) {
      run_passes(loop, 1);
      if (options.tls != nullptr) serve();
    }
    request.reset();
    stream.reset();
    lease.reset();
    end.reset();
  }
};

TEST_P(PooledRequestLifetimeTest, LeavesNothingBehindWhereverItIsDestroyed) {
  const BackendKey key = add_pooled();
  for (int passes = 0; passes < (GetParam().dead ? 4 : 10); ++passes) {
    order(key, 2);
    ASSERT_TRUE(run_until(loop, [&] { return counters(key).idle.value() == 2; }));
    if (GetParam().dead) backend.links().clear();
    destroy_after(passes);
    EXPECT_EQ(in_use(key), 0U);
    EXPECT_EQ(counters(key).in_use.value(), 0U);
    const int before = answers;
    run_passes(loop);
    EXPECT_EQ(answers, before);
    order(key, 0);
    EXPECT_EQ(pool.size(), 0U);
    backend.links().clear();
  }
}

INSTANTIATE_TEST_SUITE_P(
    Ways, PooledRequestLifetimeTest,
    testing::Values(Way{ProxyProtocol::none, false, false}, Way{ProxyProtocol::none, false, true},
                    Way{ProxyProtocol::v1, false, false}, Way{ProxyProtocol::v1, false, true},
                    Way{ProxyProtocol::v2, true, false}, Way{ProxyProtocol::v2, true, true}));

}  // namespace
}  // namespace fwd
