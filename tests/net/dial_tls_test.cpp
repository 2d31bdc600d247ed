#include <gmock/gmock.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "net/dial_fixture.h"
#include "net/plain_backend.h"
#include "net/tls_clients.h"

namespace fwd {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::Gt;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;

constexpr std::size_t kMost = HandshakeSlots::kMost;

class TlsDialTest : public DialFixture, public Dial::Owner {
 protected:
  LinkStages stages(std::string header = {}) {
    return {std::move(header), client.get(), "backend.test",
            sessions,          slots,        client.options.handshake_timeout};
  }
  Dial& dial(const Endpoint& to, std::size_t count = 1) {
    Dial::Owner& self = *this;
    for (; count > 0; --count) {
      dials.push_back(std::make_unique<Dial>(context, self));
      EXPECT_EQ(dials.back()->start({to, {}, std::chrono::seconds(10), stages(), for_client}), std::nullopt);
    }
    return *dials.back();
  }
  template <class Fact>
  bool run(TlsListener& server, Fact fact) {
    return run_until(loop, [&] {
      server.work();
      return fact();
    });
  }
  std::optional<DialError> error_with(const Identity& identity) {
    TlsListener server(identity);
    dial(server.endpoint());
    EXPECT_TRUE(run(server, [this] { return !errors.empty() || !streams.empty(); }));
    return errors.empty() ? std::nullopt : std::optional(errors.front());
  }
  // TLS on what the plain backend took.
  std::vector<std::unique_ptr<TlsServerLink>> serve(const TlsServer& server) {
    std::vector<std::unique_ptr<TlsServerLink>> links;
    for (Fd& link : backend.links())
      links.push_back(std::make_unique<TlsServerLink>(server, std::move(link)));
    backend.links().clear();
    return links;
  }

  void dial_ready(Dial&, std::unique_ptr<Stream> stream, Duration elapsed) override {
    streams.push_back(std::move(stream));
    times.push_back(elapsed);
  }
  void dial_failed(Dial&, DialError error) override { errors.push_back(error); }

  TlsTestClient client;
  std::shared_ptr<TlsSessions> sessions = std::make_shared<TlsSessions>();
  std::shared_ptr<HandshakeSlots> slots = std::make_shared<HandshakeSlots>();
  bool for_client = true;
  PlainBackend backend;
  std::vector<std::unique_ptr<Dial>> dials;
  std::vector<std::unique_ptr<Stream>> streams;
  std::vector<Duration> times;
  std::vector<DialError> errors;
};

TEST_F(TlsDialTest, IsReadyAfterTheHandshake) {
  TlsListener server(TlsTestClient::identity());
  dial(server.endpoint());
  ASSERT_TRUE(run(server, [this] { return !streams.empty(); }));
  EXPECT_EQ(streams[0]->write(std::as_bytes(std::span("hello", 5))).bytes, 5U);
  EXPECT_TRUE(run(server, [&] { return server.links()[0]->found().bytes == "hello"; }));
  EXPECT_THAT(errors, IsEmpty());
}

TEST_F(TlsDialTest, TimeThatItReportsIsThatOfTheConnectAlone) {
  const TimePoint began = clock_now();
  dial(backend.endpoint());
  ASSERT_TRUE(run_until(loop, [this] { return backend.spoken() == 1; }));
  const Duration until_hello = clock_now() - began;
  run_until(
      loop, [] { return false; }, milliseconds(30));
  const TlsServer server(TlsTestClient::identity());
  const auto links = serve(server);
  ASSERT_TRUE(run_until(loop, [&] {
    links[0]->work();
    return !streams.empty();
  }));
  EXPECT_THAT(times, ElementsAre(AllOf(Gt(Duration::zero()), Le(until_hello))));
}

TEST_F(TlsDialTest, FailsOnceWhenTheHandshakeNeverEnds) {
  client.options.handshake_timeout = milliseconds(30);
  const TimePoint began = clock_now();
  dial(backend.endpoint());
  ASSERT_TRUE(run_until(loop, [this] { return !errors.empty(); }));
  EXPECT_GE(clock_now(), began + milliseconds(30));
  EXPECT_FALSE(run_until(
      loop, [this] { return errors.size() > 1 || !streams.empty(); }, milliseconds(50)));
  EXPECT_THAT(errors, ElementsAre(DialError::tls_timeout));
}

TEST_F(TlsDialTest, SaysWhatIsWrongWithACertificate) {
  const CertificateAuthority stranger("stranger");
  const auto& ca = TlsTestClient::ca();
  EXPECT_EQ(error_with(ca.issue({.valid_from_days = -9, .valid_to_days = -2})), DialError::tls_expired);
  errors.clear();
  EXPECT_EQ(error_with(ca.issue({.names = "DNS:other.test"})), DialError::tls_name);
  errors.clear();
  EXPECT_EQ(error_with(stranger.issue()), DialError::tls_unknown_ca);
  EXPECT_THAT(streams, IsEmpty());
}

TEST_F(TlsDialTest, SaysThatTheBackendSpeaksNoTlsOrClosed) {
  dial(backend.endpoint(), 2);
  ASSERT_TRUE(run_until(loop, [this] { return backend.spoken() == 2; }));
  send_text(backend.links()[0].get(), "220 mail.test ESMTP\r\n");
  ASSERT_TRUE(run_until(loop, [this] { return errors.size() == 1; }));
  take(backend.links()[1].get());  // or else it would be a reset
  backend.links()[1].reset();
  ASSERT_TRUE(run_until(loop, [this] { return errors.size() == 2; }));
  EXPECT_THAT(errors, ElementsAre(DialError::tls_protocol, DialError::tls_refused));
}

TEST_F(TlsDialTest, MoreThanTheSlotsWaitTheirTurnAndAllFinish) {
  dial(backend.endpoint(), kMost + 8);
  ASSERT_TRUE(run_until(loop, [this] { return backend.count() == kMost + 8 && backend.spoken() == kMost; }));
  EXPECT_FALSE(run_until(
      loop, [this] { return backend.spoken() > kMost; }, milliseconds(30)));
  const TlsServer server(TlsTestClient::identity());
  const auto links = serve(server);
  EXPECT_TRUE(run_until(loop, [&] {
    for (const auto& link : links) link->work();
    return streams.size() == kMost + 8;
  }));
  EXPECT_THAT(errors, IsEmpty());
}

TEST_F(TlsDialTest, TimeForTheHandshakeBeginsWithItsTurn) {
  client.options.handshake_timeout = milliseconds(60);
  const TimePoint began = clock_now();
  dial(backend.endpoint(), kMost + 1);
  ASSERT_TRUE(run_until(loop, [this] { return errors.size() == kMost + 1; }));
  EXPECT_GE(clock_now(), began + milliseconds(120));
  EXPECT_THAT(errors, Each(DialError::tls_timeout));
}

TEST_F(TlsDialTest, DestroyedOneGivesItsTurnToTheNextThatStillWaits) {
  dial(backend.endpoint(), kMost + 2);
  ASSERT_TRUE(run_until(loop, [this] { return backend.count() == kMost + 2 && backend.spoken() == kMost; }));
  dials[kMost].reset();  // waits
  dials[0].reset();      // shakes hands; what it said stays with the backend
  EXPECT_TRUE(run_until(loop, [this] { return backend.spoken() == kMost + 1; }));
  EXPECT_EQ(bytes_waiting(backend.links()[kMost].get()), 0U);
  EXPECT_THAT(errors, IsEmpty());
}

TEST_F(TlsDialTest, LeavesNothingBehindWhereverItIsDestroyed) {
  for (int steps = 0; steps < 10; ++steps) {
    TlsListener server(TlsTestClient::identity());
    dial(server.endpoint());
    for (int i = 0; i < steps; ++i) {
      run_passes(loop, 1);
      server.work();
    }
    dials.clear();
    const std::size_t before = streams.size();
    run_passes(loop);
    EXPECT_EQ(streams.size(), before);
  }
  EXPECT_THAT(errors, IsEmpty());
  // All slots are free again.
  dial(backend.endpoint(), kMost);
  EXPECT_TRUE(run_until(loop, [this] { return backend.spoken() == kMost; }));
}

TEST_F(TlsDialTest, ThoseAheadOfClientsLeaveHalfOfTheTurnsToThem) {
  for_client = false;
  dial(backend.endpoint(), kMost);
  ASSERT_TRUE(run_until(loop, [this] { return backend.count() == kMost && backend.spoken() == kMost / 2; }));
  for_client = true;
  dial(backend.endpoint(), kMost / 2);
  EXPECT_TRUE(run_until(loop, [this] { return backend.spoken() == kMost; }));
}

TEST_F(TlsDialTest, ABackendThatStallsHoldsUpNoOther) {
  dial(backend.endpoint(), kMost + 1);
  ASSERT_TRUE(run_until(loop, [this] { return backend.spoken() == kMost; }));
  slots = std::make_shared<HandshakeSlots>();  // of another backend
  TlsListener server(TlsTestClient::identity());
  dial(server.endpoint());
  EXPECT_TRUE(run(server, [this] { return streams.size() == 1; }));
}

// The later stages, on a link that is connected already.
class ResumedDialTest : public TlsDialTest {
 protected:
  ResumedDialTest() {
    TcpPair pair;
    link = std::make_unique<SocketStream>(poller, std::move(pair.near));
    EXPECT_TRUE(link->watch());
    peer = std::move(pair.far);
    Dial::Owner& self = *this;
    dials.push_back(std::make_unique<Dial>(context, self));
  }
  std::string take_header() {
    std::array<char, 6> header{};
    EXPECT_EQ(::recv(peer.get(), header.data(), header.size(), 0), 6);
    return {header.begin(), header.end()};
  }

  std::unique_ptr<SocketStream> link;
  Fd peer;
};

TEST_F(ResumedDialTest, SendsTheHeaderAndIsReady) {
  EXPECT_EQ(dials[0]->resume(std::move(link), {"header", nullptr, {}, nullptr}), std::nullopt);
  EXPECT_THAT(streams, IsEmpty()) << "never before resume returns";
  ASSERT_TRUE(run_until(loop, [this] { return !streams.empty(); }));
  EXPECT_EQ(streams[0]->write(std::as_bytes(std::span("hello", 5))).bytes, 5U);
  EXPECT_EQ(take(peer.get()).bytes, "headerhello");
  EXPECT_THAT(times, ElementsAre(Duration::zero()));
}

TEST_F(ResumedDialTest, ShakesHandsAfterTheHeader) {
  EXPECT_EQ(dials[0]->resume(std::move(link), stages("header")), std::nullopt);
  ASSERT_TRUE(run_until(loop, [this] { return bytes_waiting(peer.get()) > 6; }));
  EXPECT_EQ(take_header(), "header");
  const TlsServer server(TlsTestClient::identity());
  TlsServerLink end(server, std::move(peer));
  ASSERT_TRUE(run_until(loop, [&] {
    end.work();
    return !streams.empty();
  }));
  EXPECT_EQ(end.server_name(), "backend.test");
}

TEST_F(ResumedDialTest, FailsWhenTheLinkIsDead) {
  reset_connection(peer);
  ASSERT_TRUE(run_until(loop, [this] { return link->peek() == IdleState::failed; }));
  EXPECT_EQ(dials[0]->resume(std::move(link), stages("header")), DialError::reset);
  run_passes(loop);
  EXPECT_THAT(errors, IsEmpty()) << "an error at once is not reported again";
}

}  // namespace
}  // namespace fwd
