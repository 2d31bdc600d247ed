#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/run_until.h"
#include "net/tls_server.h"
#include "net/tls_stream.h"

namespace fwd {

// A client and its server on one connection.
class TlsFixture : public testing::Test {
 protected:
  using Status = IoResult::Status;
  using Handshake = TlsStream::Handshake;

  TlsFixture() {
    ::signal(SIGPIPE, SIG_IGN);
    options.ca_file = files.certificate("ca.pem", ca().self());
  }
  static const CertificateAuthority& ca() {
    static const CertificateAuthority authority;
    return authority;
  }
  static const Identity& identity() {
    static const Identity issued = ca().issue();
    return issued;
  }

  // Ready for the handshake.
  void connect(const std::string& name = "backend.test") {
    connect_plain(name);
    if (server == nullptr) server = std::make_unique<TlsServer>(identity(), server_options);
    link = std::make_unique<TlsServerLink>(*server, std::move(peer));
  }
  // The same with a peer that is no TLS server.
  void connect_plain(const std::string& name = "backend.test") {
    stream.reset();
    link.reset();
    if (client == nullptr) client = TlsClient::create(options, error);
    ASSERT_NE(client, nullptr) << error;
    TcpPair pair(receive_buffer);
    stream_fd = pair.near.get();
    auto socket = std::make_unique<SocketStream>(poller, std::move(pair.near));
    ASSERT_TRUE(socket->watch());
    peer = std::move(pair.far);
    stream = std::make_unique<TlsStream>(*client, std::move(socket), name, sessions);
  }
  Handshake shake() {
    Handshake state = Handshake::in_progress;
    EXPECT_TRUE(run([&] {
      state = stream->handshake();
      return state != Handshake::in_progress && (link == nullptr || link->shaken() || link->broken());
    }));
    return state;
  }
  // Connected, and hands are shaken.
  void open(const std::string& name = "backend.test") {
    connect(name);
    ASSERT_EQ(shake(), Handshake::done) << stream->handshake_detail();
  }
  // Both ends go on until it holds.
  template <class Fact>
  bool run(Fact fact, Duration limit = std::chrono::seconds(20)) {
    return run_until(
        loop,
        [&] {
          if (link != nullptr) link->work();
          return fact();
        },
        limit);
  }

  // What was sent to the stream is there, though no event has told of it.
  void await_arrival() {
    pollfd arrival{stream_fd, POLLIN, 0};
    EXPECT_EQ(::poll(&arrival, 1, 5000), 1);
  }

  IoResult write(std::string_view text) { return stream->write(std::as_bytes(std::span(text))); }
  // Takes what is there; the status is that of the read that gave nothing.
  Status take_in(std::string& bytes) {
    std::array<std::byte, 65'536> buffer;
    while (stream->readable()) {
      const IoResult got = stream->read(buffer);
      if (got.status != Status::ok) return got.status;
      bytes.append(reinterpret_cast<const char*>(buffer.data()), got.bytes);
    }
    return Status::would_block;
  }
  // What the stream gives until it has so many bytes, or ends.
  std::string read(std::size_t size, Status* end = nullptr) {
    std::string bytes;
    Status status = Status::would_block;
    EXPECT_TRUE(run([&] {
      status = take_in(bytes);
      return bytes.size() >= size || status != Status::would_block;
    }));
    if (end != nullptr) *end = status;
    return bytes;
  }
  Status read_to_the_end() {
    Status end = Status::would_block;
    read(static_cast<std::size_t>(-1), &end);
    return end;
  }
  void expect_both_ways() {
    EXPECT_EQ(write("question").bytes, 8U);
    EXPECT_TRUE(run([this] { return link->found().bytes.ends_with("question"); }));
    link->send("answer");
    EXPECT_EQ(read(6), "answer");
  }

  Loop loop;
  Poller poller{loop};
  CertificateFiles files;
  TlsOptions options;
  TlsServerOptions server_options;
  std::string error;
  std::unique_ptr<TlsClient> client;
  std::unique_ptr<TlsServer> server;
  std::shared_ptr<TlsSessions> sessions = std::make_shared<TlsSessions>();
  std::unique_ptr<TlsStream> stream;
  std::unique_ptr<TlsServerLink> link;
  int receive_buffer = 0;  // of the server; 0: as the system likes
  int stream_fd = -1;
  Fd peer;  // the other end while no TLS server has it
};

// With each version of the protocol.
class TlsVersionFixture : public TlsFixture, public testing::WithParamInterface<int> {
 protected:
  TlsVersionFixture() { server_options.version = GetParam(); }
};

inline auto both_versions() { return testing::Values(TLS1_2_VERSION, TLS1_3_VERSION); }
inline std::string version_name(const testing::TestParamInfo<int>& test) {
  return test.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
}

}  // namespace fwd
