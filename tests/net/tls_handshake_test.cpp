#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "net/tls_fixture.h"

namespace fwd {
namespace {

class TlsHandshakeTest : public TlsVersionFixture {};

TEST_P(TlsHandshakeTest, LeadsToAStreamThatCarriesBytesBothWays) {
  open();
  EXPECT_EQ(link->version(), GetParam() == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
  EXPECT_FALSE(stream->resumed());
  EXPECT_FALSE(stream->failed());
  expect_both_ways();
}

TEST_P(TlsHandshakeTest, TellsTheServerItsName) {
  open();
  EXPECT_EQ(link->server_name(), "backend.test");
}

TEST_P(TlsHandshakeTest, OffersTheProtocols) {
  options.alpn = {"mqtt", "h2"};
  server_options.alpn = "h2";
  open();
  EXPECT_EQ(link->alpn(), "h2");
}

TEST_P(TlsHandshakeTest, RefusedForItsProtocolsIsReportedAsRefused) {
  options.alpn = {"mqtt"};
  server_options.alpn = "h2";
  connect();
  EXPECT_EQ(shake(), Handshake::failed);
  EXPECT_EQ(stream->handshake_error(), DialError::tls_refused);
  EXPECT_THAT(stream->handshake_detail(), testing::HasSubstr("application protocol"));
}

TEST_P(TlsHandshakeTest, ShowsTheClientCertificate) {
  const Identity own = ca().issue({"", "clientAuth", -1, 30, "forwarder"});
  options.cert_file = files.certificate("own.pem", own);
  options.key_file = files.key("own.key", own);
  server_options.client_authority = &ca();
  open();
  EXPECT_EQ(link->client_name(), "forwarder");
  expect_both_ways();
}

TEST_P(TlsHandshakeTest, ResumesASession) {
  for (const bool expected : {false, true, true, true}) {
    open();
    EXPECT_EQ(stream->resumed(), expected);
    EXPECT_EQ(link->resumed(), expected);
    expect_both_ways();
  }
}

TEST_P(TlsHandshakeTest, ResumesASessionWhoseStreamWasAborted) {
  open();
  expect_both_ways();
  stream->abort();
  open();
  EXPECT_TRUE(stream->resumed());
}

TEST_P(TlsHandshakeTest, ResumesNothingWithoutSessions) {
  sessions = nullptr;
  for (int i = 0; i < 2; ++i) {
    open();
    EXPECT_FALSE(stream->resumed());
    expect_both_ways();
  }
}

TEST_P(TlsHandshakeTest, DestroyedAtEveryStepClosesTheConnection) {
  for (int steps = 0; steps < 6; ++steps) {
    connect();
    for (int step = 0; step < steps; ++step) {
      stream->handshake();
      run_passes(loop);
      link->work();
    }
    stream.reset();
    EXPECT_TRUE(run([this] { return link->found().then != Found::Then::nothing; })) << steps;
  }
}

TEST_P(TlsHandshakeTest, UnverifiedTakesAnyCertificate) {
  options.verify = false;
  options.ca_file.clear();
  server =
      std::make_unique<TlsServer>(CertificateAuthority("stranger").issue({"DNS:other.test"}), server_options);
  open();
  expect_both_ways();
  open("");
  EXPECT_EQ(link->server_name(), "");
}

INSTANTIATE_TEST_SUITE_P(Versions, TlsHandshakeTest, both_versions(), version_name);

struct BadCertificate {
  const char* label;
  CertificateRequest request;
  DialError error;
  bool trusted = true;
  bool self_signed = false;
  const char* name = "backend.test";
};

std::ostream& operator<<(std::ostream& out, const BadCertificate& bad) { return out << bad.label; }

class TlsVerificationTest : public TlsFixture,
                            public testing::WithParamInterface<std::tuple<int, BadCertificate>> {};

TEST_P(TlsVerificationTest, FailsWithItsOwnErrorAndNothingIsSent) {
  const auto& [version, bad] = GetParam();
  server_options.version = version;
  const CertificateAuthority stranger("stranger");
  const CertificateAuthority& issuer = bad.trusted ? ca() : stranger;
  server = std::make_unique<TlsServer>(bad.self_signed ? stranger.self() : issuer.issue(bad.request),
                                       server_options);
  connect(bad.name);
  EXPECT_EQ(shake(), Handshake::failed);
  EXPECT_EQ(stream->handshake_error(), bad.error) << stream->handshake_detail();
  EXPECT_NE(stream->handshake_detail(), "");
  EXPECT_EQ(write("secret").status, Status::error);
  stream->shutdown_write();
  std::array<std::byte, 16> buffer;
  EXPECT_EQ(stream->read(buffer).status, Status::error);
  EXPECT_EQ(stream->handshake(), Handshake::failed) << "it stays so";
  EXPECT_TRUE(run([this] { return link->broken(); }));
  EXPECT_EQ(link->found().bytes, "");
  EXPECT_EQ(sessions->next(), nullptr);
}

INSTANTIATE_TEST_SUITE_P(
    Certificates, TlsVerificationTest,
    testing::Combine(
        both_versions(),
        testing::Values(
            BadCertificate{"Expired", {"DNS:backend.test", "serverAuth", -30, -1}, DialError::tls_expired},
            BadCertificate{"NotYetValid", {"DNS:backend.test", "serverAuth", 1, 30}, DialError::tls_expired},
            BadCertificate{"OtherName", {"DNS:other.test"}, DialError::tls_name},
            BadCertificate{"PartialWildcard", {"DNS:back*.test"}, DialError::tls_name},
            BadCertificate{"OtherAddress", {"IP:127.0.0.2"}, DialError::tls_name, true, false, "127.0.0.1"},
            BadCertificate{"AddressAsName", {"DNS:127.0.0.1"}, DialError::tls_name, true, false, "127.0.0.1"},
            BadCertificate{"UnknownCa", {"DNS:backend.test"}, DialError::tls_unknown_ca, false},
            BadCertificate{"SelfSigned", {}, DialError::tls_unknown_ca, false, true},
            BadCertificate{"WrongPurpose", {"DNS:backend.test", "clientAuth"}, DialError::tls_certificate})),
    [](const auto& test) {
      return std::string(std::get<1>(test.param).label) +
             (std::get<0>(test.param) == TLS1_2_VERSION ? "Tls12" : "Tls13");
    });

class TlsPeerTest : public TlsFixture {};

TEST_F(TlsPeerTest, IsVerifiedByAddressAndHearsNoName) {
  server = std::make_unique<TlsServer>(ca().issue({"IP:127.0.0.1,IP:::1"}), server_options);
  for (const char* name : {"127.0.0.1", "::1"}) {
    open(name);
    EXPECT_EQ(link->server_name(), "");
  }
}

TEST_F(TlsPeerTest, MayHaveAWildcardCertificate) {
  server = std::make_unique<TlsServer>(ca().issue({"DNS:*.backend.test"}), server_options);
  open("one.backend.test");
  expect_both_ways();
}

TEST_F(TlsPeerTest, IsNotVerifiedByNoName) {
  connect_plain("");
  EXPECT_EQ(shake(), Handshake::failed);
  EXPECT_EQ(stream->handshake_error(), DialError::tls_name);
  stream.reset();
  EXPECT_EQ(take(peer.get()), (Found{"", Found::Then::eof})) << "not even a hello";
}

TEST_F(TlsPeerTest, ThatSpeaksSomethingElseIsAProtocolError) {
  connect_plain();
  send_text(peer.get(), "220 mail.test ESMTP\r\n");
  EXPECT_EQ(shake(), Handshake::failed);
  EXPECT_EQ(stream->handshake_error(), DialError::tls_protocol);
}

TEST_F(TlsPeerTest, ThatIsTooOldIsAProtocolError) {
  options.min_version = TlsVersion::v1_3;
  server_options.version = TLS1_2_VERSION;
  connect();
  EXPECT_EQ(shake(), Handshake::failed);
  EXPECT_EQ(stream->handshake_error(), DialError::tls_protocol) << stream->handshake_detail();
}

TEST_F(TlsPeerTest, ThatClosesHasRefused) {
  connect_plain();
  peer.reset();
  EXPECT_EQ(shake(), Handshake::failed);
  EXPECT_EQ(stream->handshake_error(), DialError::tls_refused);
}

TEST_F(TlsPeerTest, ThatClosesAfterTheHelloHasRefused) {
  connect_plain();
  EXPECT_EQ(stream->handshake(), Handshake::in_progress);
  ::shutdown(peer.get(), SHUT_WR);
  EXPECT_EQ(shake(), Handshake::failed);
  EXPECT_EQ(stream->handshake_error(), DialError::tls_refused);
}

TEST_F(TlsPeerTest, ThatResetsHasRefused) {
  connect_plain();
  EXPECT_EQ(stream->handshake(), Handshake::in_progress);
  reset_connection(peer);
  EXPECT_EQ(shake(), Handshake::failed);
  EXPECT_EQ(stream->handshake_error(), DialError::tls_refused);
}

TEST_F(TlsPeerTest, ThatIsSilentKeepsTheHandshakeInProgress) {
  connect_plain();
  stream->handshake();
  std::string hello;
  ASSERT_TRUE(run([&] { return !(hello += take(peer.get()).bytes).empty(); }));
  run_passes(loop);
  EXPECT_EQ(stream->handshake(), Handshake::in_progress);
  EXPECT_FALSE(stream->failed());
}

TEST_F(TlsPeerTest, RefusesTheLackOfACertificateInTheHandshake) {
  server_options.version = TLS1_2_VERSION;
  server_options.client_authority = &ca();
  connect();
  EXPECT_EQ(shake(), Handshake::failed);
  EXPECT_EQ(stream->handshake_error(), DialError::tls_refused);
  EXPECT_THAT(stream->handshake_detail(), testing::HasSubstr("handshake failure"));
}

// With TLS 1.3 the client is done before the server has seen its certificate.
TEST_F(TlsPeerTest, RefusesTheLackOfACertificateAfterTheHandshake) {
  server_options.version = TLS1_3_VERSION;
  server_options.client_authority = &ca();
  connect();
  EXPECT_EQ(shake(), Handshake::done);
  EXPECT_TRUE(run([this] { return stream->peek() != IdleState::quiet; }));
  EXPECT_EQ(stream->peek(), IdleState::failed);
  EXPECT_THAT(stream->handshake_detail(), testing::HasSubstr("certificate required"));
  EXPECT_EQ(read_to_the_end(), Status::error);
}

TEST_F(TlsPeerTest, RefusesTheLackOfACertificateToAReader) {
  server_options.version = TLS1_3_VERSION;
  server_options.client_authority = &ca();
  connect();
  EXPECT_EQ(shake(), Handshake::done);
  EXPECT_EQ(read_to_the_end(), Status::error);
  EXPECT_TRUE(stream->failed());
  EXPECT_EQ(write("too late").status, Status::error);
}

TEST_F(TlsPeerTest, BrokenOneDoesNotHarmTheNext) {
  connect_plain();
  send_text(peer.get(), "220 mail.test ESMTP\r\n");
  EXPECT_EQ(shake(), Handshake::failed);
  const auto broken = std::move(stream);
  open();
  const auto healthy = std::move(stream);
  std::array<std::byte, 16> buffer;
  EXPECT_EQ(broken->read(buffer).status, Status::error);
  EXPECT_EQ(healthy->peek(), IdleState::quiet);
  EXPECT_EQ(healthy->read(buffer).status, Status::would_block);
}

}  // namespace
}  // namespace fwd
