#include "net/stream.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

#include "net/run_until.h"
#include "net/sockets.h"

namespace fwd {
namespace {

using Status = IoResult::Status;

class SocketStreamTest : public testing::Test, public Stream::Owner {
 protected:
  SocketStreamTest() {
    stream->set_owner(this);
    EXPECT_TRUE(stream->watch());
  }
  void on_stream(Stream&) override { ++events; }

  IoResult read() { return stream->read(buffer); }
  IoResult write(std::string_view text) { return stream->write(std::as_bytes(std::span(text))); }
  bool run_until_readable() {
    return run_until(loop, [this] { return stream->readable(); });
  }
  void fill() {
    const std::string chunk(1 << 16, 'x');
    while (stream->writable()) write(chunk);
  }

  Loop loop;
  Poller poller{loop};
  TcpPair pair;
  std::unique_ptr<SocketStream> stream = std::make_unique<SocketStream>(poller, std::move(pair.near));
  Fd peer = std::move(pair.far);
  std::array<std::byte, 1024> buffer{};
  int events = 0;
};

TEST_F(SocketStreamTest, ShortReadMeansThatNothingIsLeft) {
  send_text(peer.get(), "hello");
  ASSERT_TRUE(run_until_readable());
  const IoResult got = read();
  EXPECT_EQ(got.status, Status::ok);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(buffer.data()), got.bytes), "hello");
  EXPECT_FALSE(stream->readable());
  EXPECT_EQ(read().status, Status::would_block);
}

TEST_F(SocketStreamTest, FinBehindDataIsFoundWithoutAnotherEvent) {
  send_text(peer.get(), "hello");
  ::shutdown(peer.get(), SHUT_WR);
  ASSERT_TRUE(run_until_readable());
  const int before = events;
  EXPECT_EQ(read().bytes, 5U);
  EXPECT_TRUE(stream->readable()) << "the FIN is worth a read";
  EXPECT_EQ(read().status, Status::eof);
  EXPECT_EQ(events, before);
}

TEST_F(SocketStreamTest, ResetIsFoundBehindWhatCameBeforeIt) {
  send_text(peer.get(), "hello");
  ASSERT_TRUE(run_until(loop, [this] { return all_acknowledged(peer.get()); }));
  reset_connection(peer);
  ASSERT_TRUE(run_until(loop, [this] { return stream->failed(); }));
  EXPECT_EQ(read().bytes, 5U);
  EXPECT_EQ(read().status, Status::error);
}

TEST_F(SocketStreamTest, WritesUntilThePeerTakesNoMore) {
  stream->assume_ready();
  fill();
  EXPECT_EQ(write("x").status, Status::would_block);
  EXPECT_TRUE(run_until(loop, [this] {
    take(peer.get());
    return stream->writable();
  }));
  EXPECT_EQ(write("x").status, Status::ok);
}

TEST_F(SocketStreamTest, WriteToABrokenConnectionIsAnErrorAndNoSignal) {
  reset_connection(peer);
  ASSERT_TRUE(run_until(loop, [this] { return stream->failed(); }));
  EXPECT_EQ(write("x").status, Status::error);
  EXPECT_EQ(write("x").status, Status::error);
}

TEST_F(SocketStreamTest, ShutdownEndsOneDirectionOnly) {
  EXPECT_EQ(write("bye").status, Status::ok);
  stream->shutdown_write();
  Found found;
  EXPECT_TRUE(run_until(loop, [&] { return !(found = take(peer.get())).bytes.empty(); }));
  EXPECT_EQ(found, (Found{"bye", Found::Then::eof}));
  send_text(peer.get(), "answer");
  ASSERT_TRUE(run_until_readable());
  EXPECT_EQ(read().bytes, 6U);
}

TEST_F(SocketStreamTest, ClosesCleanlyUnlessAborted) {
  stream.reset();
  EXPECT_EQ(take(peer.get()), (Found{"", Found::Then::eof}));
}

TEST_F(SocketStreamTest, AbortedOneIsClosedWithAReset) {
  stream->abort();
  stream.reset();
  EXPECT_EQ(take(peer.get()), (Found{"", Found::Then::reset}));
}

TEST_F(SocketStreamTest, TellsOnceWhatWasWrittenIsOnItsWay) {
  EXPECT_TRUE(stream->drained()) << "nothing was written";
  stream->assume_ready();
  fill();
  EXPECT_FALSE(stream->drained());
  run_passes(loop);
  const int before = events;
  EXPECT_TRUE(run_until(loop, [&] {
    take(peer.get());
    return events > before && stream->drained();
  }));
}

TEST_F(SocketStreamTest, FlagsAreLatchedWhileItHasNoOwner) {
  stream->set_owner(nullptr);
  send_text(peer.get(), "early");
  ASSERT_TRUE(run_until_readable());
  EXPECT_EQ(events, 0);
  stream->set_owner(this);
  stream->call_again();
  EXPECT_TRUE(run_until(loop, [this] { return events == 1; }));
  EXPECT_EQ(read().bytes, 5U);
}

}  // namespace
}  // namespace fwd
