#include <gtest/gtest.h>

#include "net/tls_fixture.h"
#include "net/tls_stream.h"

namespace fwd {
namespace {

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

}  // namespace
}  // namespace fwd
