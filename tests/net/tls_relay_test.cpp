#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/random.h"
#include "net/relay.h"
#include "net/tls_fixture.h"

namespace fwd {
namespace {

using Then = Found::Then;

constexpr int kSmallBuffer = 16'384;

std::string random_text(std::size_t size, std::uint64_t seed) {
  Random random(seed);
  std::string text(size, '\0');
  std::ranges::generate(text, [&random] { return static_cast<char>(random.next()); });
  return text;
}

// A relay between a plain client and a TLS backend, through small buffers.
class TlsRelayTest : public TlsVersionFixture, public Relay::Owner {
 protected:
  void start() {
    receive_buffer = kSmallBuffer;
    open();
    ::setsockopt(stream_fd, SOL_SOCKET, SO_SNDBUF, &kSmallBuffer, sizeof kSmallBuffer);
    TcpPair pair(kSmallBuffer);
    client_socket = std::move(pair.far);
    auto near = std::make_unique<SocketStream>(poller, std::move(pair.near));
    ASSERT_TRUE(near->watch());
    relay = std::make_unique<Relay>(std::move(near), std::move(stream), context, *this);
    relay->start();
  }
  void client_sends_some() {
    const std::size_t portion = std::min<std::size_t>(1 + random.below(100'000), outgoing.size() - sent);
    const ssize_t put =
        portion == 0 ? 0 : ::send(client_socket.get(), outgoing.data() + sent, portion, MSG_NOSIGNAL);
    if (put > 0) sent += static_cast<std::size_t>(put);
    if (sent == outgoing.size() && fin_when_sent) ::shutdown(client_socket.get(), SHUT_WR);
  }
  void client_takes() {
    const Found found = take(client_socket.get());
    incoming.bytes += found.bytes;
    if (found.then != Then::nothing) incoming.then = found.then;
  }
  // Everybody goes on; the server does not take what comes in every other turn.
  template <class Fact>
  bool run_session(Fact fact) {
    return run([&] {
      if (!ends.empty()) relay.reset();
      link->pause(random.below(2) == 0);
      client_sends_some();
      client_takes();
      return fact();
    });
  }

  void relay_moved(Direction, std::size_t) override {}
  void relay_half_closed() override { ++half_closed; }
  void relay_breaking() override {}
  void relay_ended(RelayEnd end) override { ends.push_back(end); }

  std::vector<std::byte> buffer = std::vector<std::byte>(524'288);
  Deadlines deadlines{poller};
  PipeCache pipes{deadlines, 2};
  RelayContext context{buffer, pipes};
  Random random{1};
  Fd client_socket;
  std::string outgoing;
  std::size_t sent = 0;
  bool fin_when_sent = false;
  Found incoming;
  int half_closed = 0;
  std::vector<RelayEnd> ends;
  std::unique_ptr<Relay> relay;
};

TEST_P(TlsRelayTest, CarriesMegabytesBothWaysAtOnce) {
  start();
  outgoing = random_text(4 << 20, 2);
  const std::string answer = random_text(4 << 20, 3);
  link->send(answer);
  ASSERT_TRUE(run_session([&] {
    return link->found().bytes.size() >= outgoing.size() && incoming.bytes.size() >= answer.size();
  }));
  EXPECT_TRUE(link->found().bytes == outgoing);
  EXPECT_TRUE(incoming.bytes == answer);
  EXPECT_EQ(incoming.then, Then::nothing);
}

TEST_P(TlsRelayTest, EndsWhenTheBackendAnswersAndThenTheClientEnds) {
  start();
  link->send("answer");
  link->close_notify();
  ASSERT_TRUE(run_session([this] { return incoming.then != Then::nothing; }));
  EXPECT_EQ(incoming, (Found{"answer", Then::eof}));
  fin_when_sent = true;
  ASSERT_TRUE(run_session([this] { return link->found().then != Then::nothing; }));
  EXPECT_EQ(link->found().then, Then::eof);
  EXPECT_EQ(ends, std::vector{RelayEnd::finished});
}

TEST_P(TlsRelayTest, PassesATruncatedAnswerOnAsAReset) {
  start();
  link->send("half of the ans");
  ::shutdown(link->fd(), SHUT_RDWR);
  ASSERT_TRUE(run_session([this] { return incoming.then != Then::nothing; }));
  EXPECT_EQ(incoming, (Found{"half of the ans", Then::reset}));
  EXPECT_EQ(ends, std::vector{RelayEnd::reset});
}

TEST_P(TlsRelayTest, ResetOfTheClientResetsTheBackend) {
  start();
  reset_connection(client_socket);
  ASSERT_TRUE(run([this] {
    if (!ends.empty()) relay.reset();
    return link->found().then != Then::nothing;
  }));
  EXPECT_EQ(link->found().then, Then::reset);
}

INSTANTIATE_TEST_SUITE_P(Versions, TlsRelayTest, both_versions(), version_name);

class Tls13RelayTest : public TlsRelayTest {};

TEST_P(Tls13RelayTest, CarriesMegabytesWhileKeysChange) {
  // Before the next update what was on its way has come, and with it the answer to the last one: the library
  // does not stand two of them while a record is blocked.
  constexpr std::size_t kBetween = 300'000;
  start();
  outgoing = random_text(4 << 20, 4);
  const std::string answer = random_text(4 << 20, 5);
  std::size_t answered = 0;
  std::size_t next = kBetween;
  int updates = 0;
  ASSERT_TRUE(run_session([&] {
    if (link->sent() && link->found().bytes.size() >= next) {
      updates += SSL_key_update(link->ssl(), SSL_KEY_UPDATE_REQUESTED);
      next = link->found().bytes.size() + kBetween;
    }
    if (link->sent() && answered < answer.size()) {
      link->send(std::string_view(answer).substr(answered, 50'000));
      answered += 50'000;
    }
    return link->found().bytes.size() >= outgoing.size() && incoming.bytes.size() >= answer.size();
  }));
  EXPECT_GT(updates, 5);
  EXPECT_TRUE(link->found().bytes == outgoing);
  EXPECT_TRUE(incoming.bytes == answer);
}

TEST_P(Tls13RelayTest, FinOfTheClientEndsOneDirectionOnly) {
  start();
  outgoing = random_text(300'000, 6);
  fin_when_sent = true;
  ASSERT_TRUE(run_session([this] { return link->found().then != Then::nothing; }));
  EXPECT_TRUE(link->found() == (Found{outgoing, Then::eof}));
  EXPECT_EQ(half_closed, 1);
  EXPECT_TRUE(ends.empty());
  const std::string answer = random_text(300'000, 7);
  link->send(answer);
  ASSERT_TRUE(run_session([&] { return incoming.bytes.size() >= answer.size(); }));
  link->close_notify();
  ASSERT_TRUE(run_session([this] { return incoming.then != Then::nothing; }));
  EXPECT_TRUE(incoming == (Found{answer, Then::eof}));
  EXPECT_EQ(ends, std::vector{RelayEnd::finished});
}

INSTANTIATE_TEST_SUITE_P(Version, Tls13RelayTest, testing::Values(TLS1_3_VERSION), version_name);

class Tls12RelayTest : public TlsRelayTest {};

TEST_P(Tls12RelayTest, FinOfTheClientIsHeldBackUntilTheBackendEnds) {
  start();
  outgoing = "question";
  fin_when_sent = true;
  ASSERT_TRUE(run_session([this] { return half_closed == 1 && link->found().bytes == "question"; }));
  link->send("answer");
  ASSERT_TRUE(run_session([this] { return incoming.bytes == "answer"; }));
  EXPECT_EQ(link->found().then, Then::nothing);
  link->close_notify();
  ASSERT_TRUE(run_session([this] { return link->found().then != Then::nothing; }));
  EXPECT_EQ(link->found().then, Then::eof);
  EXPECT_EQ(incoming.then, Then::eof);
  EXPECT_EQ(ends, std::vector{RelayEnd::finished});
}

INSTANTIATE_TEST_SUITE_P(Version, Tls12RelayTest, testing::Values(TLS1_2_VERSION), version_name);

}  // namespace
}  // namespace fwd
