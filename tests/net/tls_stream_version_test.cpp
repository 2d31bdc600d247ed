#include <gtest/gtest.h>

#include "net/tls_fixture.h"
#include "net/tls_stream.h"

namespace fwd {
namespace {

class Tls13StreamTest : public TlsVersionFixture {
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

  const std::string chunk = std::string(1 << 16, 'x');
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
  Status written = Status::ok;
  // The system adds small writes to a large one that waits, though the buffer is full.
  for (int i = 0; i < 5000 && written == Status::ok; ++i) {
    update_keys();
    link->send("answer");
    ASSERT_EQ(read(6), "answer") << "reading goes on meanwhile";
    written = write("question").status;
  }
  EXPECT_EQ(written, Status::would_block);
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

class Tls12StreamTest : public TlsVersionFixture {};

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
