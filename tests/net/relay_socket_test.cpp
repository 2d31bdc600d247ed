#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/random.h"
#include "net/prepare_hook.h"
#include "net/relay.h"
#include "net/run_until.h"
#include "net/sockets.h"

namespace fwd {
namespace {

using Then = Found::Then;

std::string random_text(std::size_t size, std::uint64_t seed) {
  Random random(seed);
  std::string text(size, '\0');
  std::ranges::generate(text, [&random] { return static_cast<char>(random.next()); });
  return text;
}

// One far end of a session: sends and takes in random portions, at the pace of the test.
class Peer {
 public:
  void open(Fd fd, std::uint64_t seed) {
    socket = std::move(fd);
    random_ = Random(seed);
  }

  // Sends what is left of `outgoing`, as far as one portion goes, and the FIN after it.
  void send_some() {
    const std::size_t portion = std::min<std::size_t>(1 + random_.below(200'000), outgoing.size() - sent_);
    const ssize_t put = ::send(socket.get(), outgoing.data() + sent_, portion, MSG_NOSIGNAL);
    if (put > 0) sent_ += static_cast<std::size_t>(put);
    if (sent_ == outgoing.size() && fin_when_sent) ::shutdown(socket.get(), SHUT_WR);
  }
  void take_some() {
    buffer_.resize(1 + random_.below(200'000));
    const ssize_t got = ::recv(socket.get(), buffer_.data(), buffer_.size(), 0);
    if (got > 0) incoming.bytes.append(buffer_.data(), static_cast<std::size_t>(got));
    if (got == 0) incoming.then = Then::eof;
    if (got < 0 && errno != EAGAIN) incoming.then = Then::reset;
  }
  // The whole of `outgoing` has reached the relay's machine.
  bool delivered() const { return sent_ == outgoing.size() && all_acknowledged(socket.get()); }

  Fd socket;
  std::string outgoing;
  bool fin_when_sent = false;
  Found incoming;

 private:
  Random random_{0};
  std::size_t sent_ = 0;
  std::vector<char> buffer_;
};

// A relay between two real connections. The peers have small receive buffers, so that bytes pile up on the
// way to them.
class RelaySocketTest : public testing::Test, public Relay::Owner {
 protected:
  RelaySocketTest() {
    relay = std::make_unique<Relay>(open(client, 1), open(backend, 2), context, *this);
    relay->start();
  }
  std::unique_ptr<Stream> open(Peer& peer, std::uint64_t seed) {
    TcpPair pair(16'384);
    peer.open(std::move(pair.far), seed);
    auto stream = std::make_unique<SocketStream>(poller, std::move(pair.near));
    EXPECT_TRUE(stream->watch());
    return stream;
  }
  // As the session does: the relay goes once its last call has returned.
  template <class Fact>
  bool run_until_fact(Fact fact) {
    return run_until(loop, [&] {
      if (!ends.empty()) relay.reset();
      return fact();
    });
  }

  void relay_moved(Direction direction, std::size_t bytes) override {
    (direction == Direction::upstream ? moved_up : moved_down) += bytes;
  }
  void relay_half_closed() override { ++half_closed; }
  void relay_breaking() override { ++breaking; }
  void relay_ended(RelayEnd end) override { ends.push_back(end); }

  Loop loop;
  Poller poller{loop};
  std::vector<std::byte> buffer = std::vector<std::byte>(524'288);
  Deadlines deadlines{poller};
  PipeCache pipes{deadlines, 2};
  RelayContext context{buffer, pipes};
  Peer client;
  Peer backend;
  std::size_t moved_up = 0;
  std::size_t moved_down = 0;
  int half_closed = 0;
  int breaking = 0;
  std::vector<RelayEnd> ends;
  std::unique_ptr<Relay> relay;
};

TEST_F(RelaySocketTest, CarriesMegabytesBothWaysAtOnce) {
  constexpr std::size_t kSize = 8 << 20;
  client.outgoing = random_text(kSize, 3);
  backend.outgoing = random_text(kSize, 4);
  client.fin_when_sent = backend.fin_when_sent = true;
  ASSERT_TRUE(run_until_fact([this] {
    for (Peer* peer : {&client, &backend}) {
      peer->send_some();
      peer->take_some();
    }
    return client.incoming.then != Then::nothing && backend.incoming.then != Then::nothing;
  }));
  EXPECT_TRUE(backend.incoming == (Found{client.outgoing, Then::eof}));
  EXPECT_TRUE(client.incoming == (Found{backend.outgoing, Then::eof}));
  EXPECT_EQ(moved_up, kSize);
  EXPECT_EQ(moved_down, kSize);
  EXPECT_EQ(ends, std::vector{RelayEnd::finished});
}

// Both orders of closing.
class HalfCloseTest : public RelaySocketTest, public testing::WithParamInterface<bool> {
 protected:
  Peer& first = GetParam() ? client : backend;
  Peer& second = GetParam() ? backend : client;
};

TEST_P(HalfCloseTest, OtherDirectionGoesOnUntilItIsClosedToo) {
  first.outgoing = random_text(300'000, 5);
  first.fin_when_sent = true;
  ASSERT_TRUE(run_until_fact([this] {
    first.send_some();
    second.take_some();
    return second.incoming.then == Then::eof;
  }));
  EXPECT_TRUE(second.incoming.bytes == first.outgoing);
  EXPECT_TRUE(relay->half_closed());
  EXPECT_EQ(half_closed, 1);

  second.outgoing = random_text(300'000, 6);
  second.fin_when_sent = true;
  ASSERT_TRUE(run_until_fact([this] {
    second.send_some();
    first.take_some();
    return first.incoming.then == Then::eof;
  }));
  EXPECT_TRUE(first.incoming.bytes == second.outgoing);
  EXPECT_EQ(half_closed, 1);
  EXPECT_EQ(ends, std::vector{RelayEnd::finished});
}

INSTANTIATE_TEST_SUITE_P(Sides, HalfCloseTest, testing::Bool(),
                         [](const auto& test) { return test.param ? "ClientFirst" : "BackendFirst"; });

// A reset from either side, after so many bytes that the other side is slow to take.
class ResetTest : public RelaySocketTest, public testing::WithParamInterface<std::tuple<bool, std::size_t>> {
 protected:
  Peer& victim = std::get<0>(GetParam()) ? client : backend;
  Peer& survivor = std::get<0>(GetParam()) ? backend : client;

  void send_everything() {
    victim.outgoing = random_text(std::get<1>(GetParam()), 7);
    ASSERT_TRUE(run_until_fact([this] {
      victim.send_some();
      return victim.delivered();
    }));
  }
  void expect_everything_then_a_reset() {
    ASSERT_TRUE(run_until_fact([this] {
      survivor.take_some();
      return survivor.incoming.then != Then::nothing;
    }));
    EXPECT_EQ(survivor.incoming.bytes.size(), victim.outgoing.size());
    EXPECT_TRUE(survivor.incoming.bytes == victim.outgoing);
    EXPECT_EQ(survivor.incoming.then, Then::reset);
    EXPECT_EQ(breaking, 1);
    EXPECT_EQ(ends, std::vector{RelayEnd::reset});
  }
};

TEST_P(ResetTest, ComesAfterWhatWasReceivedBeforeIt) {
  send_everything();
  reset_connection(victim.socket);
  ASSERT_TRUE(run_until_fact([this] { return breaking == 1; }));
  run_passes(loop);
  expect_everything_then_a_reset();
}

// As a server that answers early, closes, and is sent more.
TEST_P(ResetTest, ComesAfterDataAndFinThatWereReceivedBeforeIt) {
  victim.fin_when_sent = true;
  send_everything();
  run_passes(loop);
  reset_connection(victim.socket);
  ASSERT_TRUE(run_until_fact([this] {
    survivor.take_some();
    return survivor.incoming.then != Then::nothing && !ends.empty();
  }));
  EXPECT_TRUE(survivor.incoming.bytes == victim.outgoing);
  EXPECT_EQ(ends, std::vector{RelayEnd::reset});
}

class StuckSurvivorTest : public ResetTest {};

TEST_P(StuckSurvivorTest, IsWaitedForWithoutKeepingTheLoopBusy) {
  send_everything();
  survivor.outgoing = "never read";
  survivor.send_some();
  reset_connection(victim.socket);
  ASSERT_TRUE(run_until_fact([this] { return breaking == 1; }));
  run_passes(loop, 50);
  EXPECT_TRUE(ends.empty());
  int passes = 0;
  PrepareHook hook(loop, [&passes] { ++passes; });
  EXPECT_FALSE(run_until(
      loop, [] { return false; }, std::chrono::milliseconds(50)));
  EXPECT_LT(passes, 60) << "those of the test's own clock, and no more";
}

std::string name_of(const testing::TestParamInfo<std::tuple<bool, std::size_t>>& test) {
  return std::string(std::get<0>(test.param) ? "Client" : "Backend") + "After" +
         std::to_string(std::get<1>(test.param)) + "Bytes";
}

INSTANTIATE_TEST_SUITE_P(Sizes, ResetTest,
                         testing::Combine(testing::Bool(), testing::Values(0, 100, 200'000, 1'000'000)),
                         name_of);
INSTANTIATE_TEST_SUITE_P(MoreThanFits, StuckSurvivorTest,
                         testing::Combine(testing::Bool(), testing::Values(1'000'000)), name_of);

TEST_F(RelaySocketTest, AbortResetsBothPeers) {
  relay->abort();
  relay.reset();
  EXPECT_EQ(take(client.socket.get()).then, Then::reset);
  EXPECT_EQ(take(backend.socket.get()).then, Then::reset);
}

TEST_F(RelaySocketTest, DestroyedHalfWayItClosesBothPeersCleanly) {
  send_text(client.socket.get(), "hello");
  ASSERT_TRUE(run_until_fact([this] { return moved_up == 5; }));
  relay.reset();
  EXPECT_EQ(take(client.socket.get()), (Found{"", Then::eof}));
  EXPECT_EQ(take(backend.socket.get()), (Found{"hello", Then::eof}));
}

}  // namespace
}  // namespace fwd
