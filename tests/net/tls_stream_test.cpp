#include "net/tls_stream.h"

#include <gtest/gtest.h>
#include <netinet/tcp.h>

#include "net/tls_fixture.h"

namespace fwd {
namespace {

class TlsStreamTest : public TlsVersionFixture {
 protected:
  void fill() {
    while (stream->writable()) sent += write(chunk).bytes;
  }

  // While it does, the last bytes of a write wait for more.
  bool holds_part_packets_back() const {
    int on = -1;
    socklen_t size = sizeof on;
    ::getsockopt(stream_fd, IPPROTO_TCP, TCP_CORK, &on, &size);
    return on != 0;
  }

  const std::string chunk = std::string(1 << 16, 'x');
  std::size_t sent = 0;
};

TEST_P(TlsStreamTest, QuietPeerIsNotWorthARead) {
  open();
  ASSERT_TRUE(run([this] { return stream->peek() == IdleState::quiet && !stream->readable(); }));
  std::array<std::byte, 16> buffer;
  EXPECT_EQ(stream->read(buffer).status, Status::would_block);
  EXPECT_TRUE(stream->writable());
}

TEST_P(TlsStreamTest, BannerIsSeenAndReadWhole) {
  open();
  link->send("220 ready\r\n");
  ASSERT_TRUE(run([this] { return stream->peek() != IdleState::quiet; }));
  EXPECT_EQ(stream->peek(), IdleState::banner);
  EXPECT_TRUE(stream->readable());
  EXPECT_EQ(read(11), "220 ready\r\n");
  EXPECT_EQ(stream->peek(), IdleState::quiet);
}

TEST_P(TlsStreamTest, ReadInPartsIsReadableWhileTheLibraryHoldsBytes) {
  open();
  link->send("123456789");
  ASSERT_TRUE(run([this] { return stream->peek() == IdleState::banner; }));
  std::string bytes;
  while (stream->readable()) {
    std::array<std::byte, 4> buffer;
    const IoResult got = stream->read(buffer);
    bytes.append(reinterpret_cast<const char*>(buffer.data()), got.bytes);
  }
  EXPECT_EQ(bytes, "123456789");
}

TEST_P(TlsStreamTest, CloseNotifyIsClosedToWhoPeeksAndEofToWhoReads) {
  server_options.tickets = 0;
  open();
  link->close_notify();
  await_arrival();
  EXPECT_EQ(stream->peek(), IdleState::closed);
  run_passes(loop);
  EXPECT_TRUE(stream->readable()) << "although the socket is empty, and no event says so";
  EXPECT_EQ(read_to_the_end(), Status::eof);
}

TEST_P(TlsStreamTest, EofComesAfterTheBytesBeforeIt) {
  open();
  link->send("bye");
  link->close_notify();
  link->close();
  Status end = Status::ok;
  EXPECT_EQ(read(100, &end), "bye");
  EXPECT_EQ(end, Status::eof);
}

TEST_P(TlsStreamTest, EndWithoutCloseNotifyIsAnError) {
  open();
  link->send("hal");
  ::shutdown(link->fd(), SHUT_RDWR);
  Status end = Status::ok;
  EXPECT_EQ(read(100, &end), "hal");
  EXPECT_EQ(end, Status::error);
  EXPECT_TRUE(stream->failed());
}

TEST_P(TlsStreamTest, EndWithoutCloseNotifyIsClosedToWhoPeeks) {
  open();
  link->close();
  IdleState seen = IdleState::quiet;
  EXPECT_TRUE(run([&] { return (seen = stream->peek()) != IdleState::quiet; }));
  EXPECT_EQ(seen, IdleState::closed);
}

TEST_P(TlsStreamTest, ClosedLinkIsClosedAlsoWhenABannerCameBefore) {
  open();
  link->send("421 too many\r\n");
  ASSERT_TRUE(run([this] { return stream->peek() == IdleState::banner; }));
  ::shutdown(link->fd(), SHUT_WR);
  ASSERT_TRUE(run([this] { return stream->peek() == IdleState::closed; }));
  EXPECT_EQ(read(14), "421 too many\r\n");
}

TEST_P(TlsStreamTest, ResetIsFoundBehindWhatCameBeforeIt) {
  open();
  link->send("last words");
  ASSERT_TRUE(run([this] { return all_acknowledged(link->fd()); }));
  link->reset();
  ASSERT_TRUE(run([this] { return stream->failed(); }));
  Status end = Status::ok;
  EXPECT_EQ(read(100, &end), "last words");
  EXPECT_EQ(end, Status::error);
}

TEST_P(TlsStreamTest, ResetIsStillBehindTheBytesWhenAWriteFoundItFirst) {
  open();
  link->send("last words");
  ASSERT_TRUE(run([this] { return all_acknowledged(link->fd()); }));
  link->reset();
  ASSERT_TRUE(run([this] { return stream->failed(); }));
  EXPECT_EQ(write("x").status, Status::error);
  EXPECT_EQ(write("x").status, Status::error);
  Status end = Status::ok;
  EXPECT_EQ(read(100, &end), "last words");
  EXPECT_EQ(end, Status::error);
}

TEST_P(TlsStreamTest, ResetIsFailedToWhoPeeks) {
  open();
  link->reset();
  EXPECT_TRUE(run([this] { return stream->peek() == IdleState::failed; }));
}

TEST_P(TlsStreamTest, GarbageIsAnErrorAfterTheBytesBeforeIt) {
  open();
  link->send("good");
  send_text(link->fd(), "bad");
  ::send(link->fd(), std::string(100, 'b').data(), 100, MSG_NOSIGNAL);
  Status end = Status::ok;
  EXPECT_EQ(read(100, &end), "good");
  EXPECT_EQ(end, Status::error);
  EXPECT_EQ(write("more").status, Status::error);
}

TEST_P(TlsStreamTest, DestroyedItSaysGoodbye) {
  open();
  ASSERT_EQ(write("bye").status, Status::ok);
  stream.reset();
  EXPECT_TRUE(run([this] { return link->found().then != Found::Then::nothing; }));
  EXPECT_EQ(link->found(), (Found{"bye", Found::Then::eof}));
}

TEST_P(TlsStreamTest, AbortedItIsReset) {
  open();
  stream->abort();
  stream.reset();
  EXPECT_TRUE(run([this] { return link->broken(); }));
  EXPECT_EQ(link->found().then, Found::Then::reset);
}

TEST_P(TlsStreamTest, ClosedCleanlyItSaysGoodbyeOverABanner) {
  open();
  link->send("220 ready\r\n");
  ASSERT_TRUE(run([this] { return stream->peek() == IdleState::banner; }));
  close_cleanly(std::move(stream));
  EXPECT_TRUE(run([this] { return link->found().then != Found::Then::nothing; }));
  EXPECT_EQ(link->found().then, Found::Then::eof);
}

TEST_P(TlsStreamTest, DestroyedWhileTheSocketIsFullIsHarmless) {
  server_options.tickets = 0;  // closing over unread ones would make a reset of it
  open();
  link->pause();
  fill();
  EXPECT_EQ(write(chunk).status, Status::would_block);
  stream.reset();
  link->pause(false);
  EXPECT_TRUE(run([this] { return link->found().then != Found::Then::nothing; }));
  EXPECT_GE(link->found().bytes.size(), sent);
}

TEST_P(TlsStreamTest, HoldsNothingBackAfterALargeWrite) {
  open();
  ASSERT_EQ(write(chunk).bytes, chunk.size());
  EXPECT_FALSE(holds_part_packets_back());
  link->pause();
  fill();
  EXPECT_FALSE(holds_part_packets_back()) << "after a short write";
}

TEST_P(TlsStreamTest, TellsOnceWhatWasWrittenIsOnItsWay) {
  open();
  EXPECT_TRUE(stream->drained());
  link->pause();
  fill();
  EXPECT_FALSE(stream->drained());
  link->pause(false);
  EXPECT_TRUE(run([this] { return stream->drained(); }));
}

INSTANTIATE_TEST_SUITE_P(Versions, TlsStreamTest, both_versions(), version_name);

}  // namespace
}  // namespace fwd
