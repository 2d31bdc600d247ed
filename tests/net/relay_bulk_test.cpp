#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/random.h"
#include "net/relay.h"
#include "net/run_until.h"
#include "net/sockets.h"

namespace fwd {
namespace {

using Then = Found::Then;

constexpr std::size_t kMegabyte = 1 << 20;

std::string random_text(std::size_t size) {
  Random random(size);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random.below(256));
  return text;
}

// A relay between two real connections with large buffers, with one pipe or with none, when bytes are copied.
class RelayBulkTest : public testing::TestWithParam<std::size_t>, public Relay::Owner {
 protected:
  RelayBulkTest() {
    relay = std::make_unique<Relay>(open(client), open(backend), context, *this);
    relay->start();
  }
  ~RelayBulkTest() override { relay.reset(); }
  std::unique_ptr<Stream> open(Fd& peer) {
    TcpPair pair;
    peer = std::move(pair.far);
    set_urgent_inline(pair.near.get());
    set_urgent_inline(peer.get());
    auto stream = std::make_unique<SocketStream>(poller, std::move(pair.near));
    EXPECT_TRUE(stream->watch());
    return stream;
  }

  void relay_moved(Direction, std::size_t bytes) override { moved += bytes; }
  void relay_half_closed() override {}
  void relay_breaking() override {}
  void relay_ended(RelayEnd end) override { ends.push_back(end); }

  // Sends all of it; the backend takes it meanwhile.
  void carry(const std::string& text) {
    std::size_t sent = 0;
    const std::size_t all = arrived.bytes.size() + text.size();
    ASSERT_TRUE(run_until(loop, [&] {
      const ssize_t put = ::send(client.get(), &text[sent], text.size() - sent, MSG_NOSIGNAL);
      if (put > 0) sent += static_cast<std::size_t>(put);
      take_some();
      return arrived.bytes.size() >= all;
    }));
  }
  void take_some() {
    const Found more = take(backend.get());
    arrived.bytes += more.bytes;
    arrived.then = more.then;
  }
  // Sends until nothing more is taken anywhere; what was sent.
  std::string stuff() {
    const std::string chunk = random_text(kMegabyte);
    std::string sent;
    for (int quiet = 0; quiet < 50; ++quiet) {
      const ssize_t put = ::send(client.get(), chunk.data(), chunk.size(), MSG_NOSIGNAL);
      if (put > 0) {
        sent.append(chunk, 0, static_cast<std::size_t>(put));
        quiet = 0;
      }
      run_passes(loop);
    }
    return sent;
  }
  bool pipe_is_free() { return pipes.take() != nullptr; }

  Loop loop;
  Poller poller{loop};
  std::vector<std::byte> buffer = std::vector<std::byte>(524'288);
  Deadlines deadlines{poller};
  PipeCache pipes{deadlines, GetParam()};
  RelayContext context{buffer, pipes};
  Fd client;
  Fd backend;
  Found arrived;
  std::size_t moved = 0;
  std::vector<RelayEnd> ends;
  std::unique_ptr<Relay> relay;
};

TEST_P(RelayBulkTest, BulkAndSmallMessagesInTurnArriveWhole) {
  std::string all;
  for (const std::size_t size :
       std::initializer_list<std::size_t>{64, 8'000'000, 1, 100, 3'000'000, 40'000, 40'000, 5}) {
    const std::string text = random_text(size);
    carry(text);
    all += text;
  }
  ::shutdown(client.get(), SHUT_WR);
  ASSERT_TRUE(run_until(loop, [this] {
    take_some();
    return arrived.then == Then::eof;
  }));
  EXPECT_TRUE(arrived.bytes == all);
  EXPECT_EQ(moved, all.size());
}

TEST_P(RelayBulkTest, UrgentDataInTheMiddleKeepsItsPlace) {
  std::string all;
  for (const char mark : {'!', '?'}) {
    const std::string before = random_text(3 * kMegabyte);
    carry(before);
    ASSERT_EQ(::send(client.get(), &mark, 1, MSG_OOB), 1);
    const std::string after = mark + random_text(2 * kMegabyte);
    const std::size_t expected = arrived.bytes.size() + after.size();
    std::size_t sent = 1;
    ASSERT_TRUE(run_until(loop, [&] {
      const ssize_t put = ::send(client.get(), &after[sent], after.size() - sent, MSG_NOSIGNAL);
      if (put > 0) sent += static_cast<std::size_t>(put);
      take_some();
      return arrived.bytes.size() >= expected;
    }));
    all += before + after;
  }
  EXPECT_TRUE(arrived.bytes == all);
}

TEST_P(RelayBulkTest, UrgentDataOfASourceThatWaitsIsNoEnd) {
  const std::string bulk = stuff();
  ASSERT_TRUE(run_until(loop, [this] {
    take_some();
    return ::send(client.get(), "!", 1, MSG_OOB) == 1;
  }));
  ASSERT_EQ(::send(client.get(), "the end", 7, MSG_NOSIGNAL), 7);
  ::shutdown(client.get(), SHUT_WR);
  ASSERT_TRUE(run_until(loop, [this] {
    take_some();
    return arrived.then == Then::eof;
  }));
  EXPECT_TRUE(arrived.bytes == bulk + "!the end") << arrived.bytes.size() << " of " << bulk.size() + 8;
}

TEST_P(RelayBulkTest, HoldsAPipeOnlyWhileBytesWaitInIt) {
  const std::string sent = stuff();
  EXPECT_FALSE(pipe_is_free()) << "the backend takes nothing";
  ASSERT_TRUE(run_until(loop, [&] {
    take_some();
    return arrived.bytes.size() == sent.size();
  }));
  EXPECT_TRUE(arrived.bytes == sent);
  EXPECT_EQ(pipe_is_free(), GetParam() > 0);
}

TEST_P(RelayBulkTest, AResetOfTheReceiverFreesThePipe) {
  stuff();
  reset_connection(backend);
  ASSERT_TRUE(run_until(loop, [this] { return !ends.empty(); }));
  EXPECT_EQ(ends, std::vector{RelayEnd::reset});
  EXPECT_EQ(pipe_is_free(), GetParam() > 0);
  relay.reset();
  char byte = 0;
  ASSERT_TRUE(
      run_until(loop, [&] { return ::recv(client.get(), &byte, 1, 0) == -1 && errno == ECONNRESET; }));
}

TEST_P(RelayBulkTest, AResetOfTheSenderComesAfterWhatItSent) {
  const std::string text = random_text(3 * kMegabyte);
  carry(text);
  std::string rest = stuff();
  ASSERT_TRUE(run_until(loop, [&] {
    take_some();
    return all_acknowledged(client.get());
  }));
  reset_connection(client);
  ASSERT_TRUE(run_until(loop, [this] {
    take_some();
    if (!ends.empty()) relay.reset();
    return arrived.then == Then::reset;
  }));
  EXPECT_TRUE(arrived.bytes == text + rest);
}

INSTANTIATE_TEST_SUITE_P(Pipes, RelayBulkTest, testing::Values(0, 1),
                         [](const auto& test) { return test.param == 0 ? "Copying" : "Splicing"; });

}  // namespace
}  // namespace fwd
