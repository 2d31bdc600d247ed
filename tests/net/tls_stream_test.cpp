#include "net/tls_stream.h"

#include <gtest/gtest.h>

#include "net/tls_fixture.h"

namespace fwd {
namespace {

class TlsStreamTest : public TlsVersionFixture {
 protected:
  void fill() {
    while (stream->writable()) sent += write(chunk).bytes;
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

class Tls13StreamTest : public TlsStreamTest {
 protected:
  void update_keys() {
    EXPECT_EQ(SSL_key_update(link->ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    EXPECT_EQ(SSL_do_handshake(link->ssl()), 1);
  }
  // No byte more fits into it, though all that was written before is taken.
  void open_with_full_socket() {
    receive_buffer = 16'384;
    open();
    link->pause();
    EXPECT_EQ(write(chunk).bytes, chunk.size());
    const int least = 1;
    ::setsockopt(stream_fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
  }

  std::array<char, 4096> buffer{};
};

TEST_P(Tls13StreamTest, PeekAloneTakesTheTicketsIn) {
  open();
  ASSERT_EQ(sessions->next(), nullptr) << "they come after the handshake";
  ASSERT_TRUE(run([this] { return stream->readable(); }));
  EXPECT_EQ(stream->peek(), IdleState::quiet);
  EXPECT_FALSE(stream->readable());
  open();
  EXPECT_TRUE(stream->resumed());
}

TEST_P(Tls13StreamTest, LastTicketIsUsedAgainAndAgain) {
  server_options.tickets = 1;
  open();
  ASSERT_TRUE(run([this] { return stream->readable(); }));
  EXPECT_EQ(stream->peek(), IdleState::quiet);
  SSL_CTX_set_num_tickets(server->context(), 0);
  for (int i = 0; i < 3; ++i) {
    open();
    EXPECT_TRUE(stream->resumed());
  }
}

TEST_P(Tls13StreamTest, BannerBehindTicketsIsABanner) {
  server_options.tickets = 4;
  connect();
  link->send("220 ready\r\n");
  ASSERT_EQ(shake(), Handshake::done);
  ASSERT_TRUE(run([this] { return stream->peek() == IdleState::banner; }));
  EXPECT_EQ(read(11), "220 ready\r\n");
}

TEST_P(Tls13StreamTest, ShutdownEndsOneDirectionOnly) {
  open();
  EXPECT_EQ(write("question").status, Status::ok);
  stream->shutdown_write();
  EXPECT_TRUE(run([this] { return link->found().then != Found::Then::nothing; }));
  EXPECT_EQ(link->found(), (Found{"question", Found::Then::eof}));
  EXPECT_TRUE(stream->drained());
  link->send("answer");
  EXPECT_EQ(read(6), "answer");
  link->close_notify();
  EXPECT_EQ(read_to_the_end(), Status::eof);
}

TEST_P(Tls13StreamTest, PeerMayEndItsDirectionFirst) {
  open();
  link->close_notify();
  EXPECT_EQ(read_to_the_end(), Status::eof);
  EXPECT_EQ(write("still here").status, Status::ok);
  stream->shutdown_write();
  EXPECT_TRUE(run([this] { return link->found().then != Found::Then::nothing; }));
  EXPECT_EQ(link->found().bytes, "still here");
}

TEST_P(Tls13StreamTest, ShutdownOfAFullSocketIsFinishedLater) {
  open_with_full_socket();
  stream->shutdown_write();
  EXPECT_FALSE(stream->drained());
  run_passes(loop);
  EXPECT_FALSE(stream->drained());
  link->pause(false);
  EXPECT_TRUE(run([this] { return stream->drained() && link->found().then == Found::Then::eof; }));
  EXPECT_EQ(link->found().bytes.size(), chunk.size());
}

TEST_P(Tls13StreamTest, ShutdownOfAFullSocketIsFinishedAtDestruction) {
  open_with_full_socket();
  stream->shutdown_write();
  link->pause(false);
  EXPECT_TRUE(run_until(loop, [this] {
    while (SSL_read(link->ssl(), buffer.data(), static_cast<int>(buffer.size())) > 0) continue;
    return stream->writable() || SSL_get_shutdown(link->ssl()) != 0;
  }));
  stream.reset();
  EXPECT_TRUE(run([this] { return link->found().then == Found::Then::eof; }));
}

TEST_P(Tls13StreamTest, KeyUpdateIsAnsweredOnceAFullSocketHasRoom) {
  open_with_full_socket();
  update_keys();
  link->send("answer");
  EXPECT_EQ(read(6), "answer") << "reading goes on meanwhile";
  EXPECT_EQ(write("question").status, Status::would_block);
  EXPECT_FALSE(stream->writable());
  link->pause(false);
  ASSERT_TRUE(run([this] { return stream->writable(); }));
  EXPECT_EQ(write("question").status, Status::ok);
  EXPECT_TRUE(run([this] { return link->found().bytes.ends_with("question"); }));
}

TEST_P(Tls13StreamTest, KeyUpdateOfAnIdleLinkIsQuiet) {
  server_options.tickets = 0;
  open();
  update_keys();
  ASSERT_TRUE(run([this] { return stream->readable(); }));
  EXPECT_EQ(stream->peek(), IdleState::quiet);
  EXPECT_FALSE(stream->readable());
  expect_both_ways();
}

INSTANTIATE_TEST_SUITE_P(Version, Tls13StreamTest, testing::Values(TLS1_3_VERSION), version_name);

// What the server sends arrives when the test says so.
class TlsPiecesTest : public TlsFixture {
 protected:
  void open_with_big_tickets() {
    // Big ones, since the client's certificate is in them.
    std::string names = "DNS:client.test";
    for (int i = 0; i < 20; ++i) names += ",DNS:" + std::string(50, 'x') + ".test";
    const Identity own = ca().issue({names, "clientAuth"});
    options.cert_file = files.certificate("own.pem", own);
    options.key_file = files.key("own.key", own);
    server_options.client_authority = &ca();
    server_options.version = TLS1_3_VERSION;
    server_options.tickets = 1;
    server = std::make_unique<TlsServer>(identity(), server_options);
    SSL_CTX_set_max_send_fragment(server->context(), 512);
    connect_plain();
    TcpPair pair;
    held_at = std::move(pair.near);
    link = std::make_unique<TlsServerLink>(*server, std::move(pair.far));
    ASSERT_TRUE(run([this] {
      pass_on(std::string::npos);
      return stream->handshake() == Handshake::done;
    }));
    ASSERT_TRUE(run([this] {
      const Found found = take(peer.get());
      send_text(held_at.get(), found.bytes);
      held += take(held_at.get()).bytes;
      return held.size() > 1000;
    })) << "more than a record of the server holds";
  }
  // Both ways, but so many bytes at most towards the client.
  void pass_on(std::size_t most) {
    held += take(held_at.get()).bytes;
    const std::string_view piece = std::string_view(held).substr(0, most);
    send_text(peer.get(), piece);
    if (!piece.empty()) await_arrival();
    held.erase(0, most);
    send_text(held_at.get(), take(peer.get()).bytes);
  }
  std::size_t first_record() const {
    return 5U + static_cast<unsigned char>(held[3]) * 256U + static_cast<unsigned char>(held[4]);
  }

  Fd held_at;
  std::string held;  // for the client
};

TEST_F(TlsPiecesTest, RecordMayComeByteByByte) {
  open_with_big_tickets();
  link->send("hello");
  std::string bytes;
  ASSERT_TRUE(run([&] {
    pass_on(1);
    EXPECT_NE(stream->peek(), IdleState::failed);
    EXPECT_EQ(take_in(bytes), Status::would_block);
    return bytes == "hello";
  }));
  EXPECT_NE(sessions->next(), nullptr);
}

TEST_F(TlsPiecesTest, WriteInTheMiddleOfATicketWaitsForItsRest) {
  open_with_big_tickets();
  pass_on(first_record());
  ASSERT_TRUE(run([this] { return stream->readable(); }));
  EXPECT_EQ(stream->peek(), IdleState::quiet);
  EXPECT_EQ(write("question").status, Status::would_block);
  EXPECT_FALSE(stream->writable());
  EXPECT_FALSE(stream->readable());

  const std::size_t rest = held.size();
  link->send("hello");
  ASSERT_TRUE(run([&] { return (held += take(held_at.get()).bytes).size() > rest; }));
  pass_on(std::string::npos);
  // Before any event: the write takes in what the reader waits for.
  EXPECT_EQ(write("question").status, Status::ok);
  EXPECT_EQ(read(5), "hello");
  EXPECT_TRUE(run([this] {
    pass_on(std::string::npos);
    return link->found().bytes == "question";
  }));
}

TEST_F(TlsPiecesTest, ReadOfTheRestOfATicketLetsTheWriterGoOn) {
  open_with_big_tickets();
  pass_on(first_record());
  ASSERT_TRUE(run([this] { return stream->readable(); }));
  EXPECT_EQ(stream->peek(), IdleState::quiet);
  EXPECT_EQ(write("question").status, Status::would_block);
  pass_on(std::string::npos);
  std::array<std::byte, 16> buffer;
  EXPECT_EQ(stream->read(buffer).status, Status::would_block);
  EXPECT_TRUE(stream->writable());
  EXPECT_EQ(write("question").status, Status::ok);
}

TEST_F(TlsPiecesTest, ShutdownInTheMiddleOfATicketIsFinishedBehindIt) {
  open_with_big_tickets();
  pass_on(first_record());
  ASSERT_TRUE(run([this] { return stream->readable(); }));
  EXPECT_EQ(stream->peek(), IdleState::quiet);
  stream->shutdown_write();
  EXPECT_FALSE(stream->drained());
  pass_on(std::string::npos);
  std::array<std::byte, 16> buffer;
  EXPECT_EQ(stream->read(buffer).status, Status::would_block);
  EXPECT_TRUE(stream->drained());
  EXPECT_TRUE(run([this] {
    pass_on(std::string::npos);
    return link->found().then == Found::Then::eof;
  }));
}

class Tls12StreamTest : public TlsStreamTest {};

TEST_P(Tls12StreamTest, ShutdownIsHeldBackUntilTheEnd) {
  open();
  EXPECT_EQ(write("question").status, Status::ok);
  stream->shutdown_write();
  EXPECT_TRUE(run([this] { return link->found().bytes == "question"; }));
  link->send("answer");
  EXPECT_EQ(read(6), "answer");
  EXPECT_EQ(link->found().then, Found::Then::nothing);
  link->close_notify();
  EXPECT_EQ(read_to_the_end(), Status::eof);
  stream.reset();
  EXPECT_TRUE(run([this] { return link->found().then == Found::Then::eof; }));
}

TEST_P(Tls12StreamTest, RefusesToRenegotiate) {
  open();
  EXPECT_EQ(SSL_renegotiate(link->ssl()), 1);
  EXPECT_EQ(SSL_do_handshake(link->ssl()), 1);
  ASSERT_TRUE(run_until(loop, [this] { return stream->readable(); }));
  EXPECT_EQ(stream->peek(), IdleState::quiet);
  EXPECT_TRUE(run([this] { return link->broken(); })) << "OpenSSL's server insists";
  EXPECT_EQ(SSL_num_renegotiations(link->ssl()), 1) << "the one it asked for";
}

INSTANTIATE_TEST_SUITE_P(Version, Tls12StreamTest, testing::Values(TLS1_2_VERSION), version_name);

}  // namespace
}  // namespace fwd
