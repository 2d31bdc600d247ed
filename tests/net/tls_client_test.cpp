#include "net/tls_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/certificates.h"

namespace fwd {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class TlsClientTest : public testing::Test {
 protected:
  // What is wrong; empty when nothing is.
  std::string error() {
    std::string error = "as it was";
    const auto client = TlsClient::create(options, error);
    EXPECT_EQ(client == nullptr, !error.empty());
    return error;
  }
  void use(const Identity& certificate, const Identity& key, const char* password = nullptr) {
    options.cert_file = files.certificate("own.pem", certificate);
    options.key_file = files.key("own.key", key, password);
  }

  CertificateAuthority authority;
  CertificateFiles files;
  TlsOptions options;
};

TEST_F(TlsClientTest, NeedsNoFiles) { EXPECT_EQ(error(), ""); }

TEST_F(TlsClientTest, TakesFilesThatFit) {
  const Identity own = authority.issue();
  options.ca_file = files.certificate("ca.pem", authority.self());
  options.alpn = {"h2", "http/1.1"};
  use(own, own);
  EXPECT_EQ(error(), "");
}

TEST_F(TlsClientTest, NamesACaFileThatIsNotThere) {
  options.ca_file = files.path("none.pem");
  EXPECT_EQ(error(), "ca_file " + options.ca_file + ": No such file or directory");
}

TEST_F(TlsClientTest, NamesACaFileWithoutCertificates) {
  options.ca_file = files.text("ca.pem", "hello\n");
  EXPECT_THAT(error(), AllOf(HasSubstr("ca_file"), HasSubstr(options.ca_file)));
}

TEST_F(TlsClientTest, NamesACertificateThatIsNotThere) {
  const Identity own = authority.issue();
  use(own, own);
  options.cert_file = files.path("none.pem");
  EXPECT_EQ(error(), "cert_file " + options.cert_file + ": No such file or directory");
}

TEST_F(TlsClientTest, NamesAKeyThatIsNotThere) {
  const Identity own = authority.issue();
  use(own, own);
  options.key_file = files.path("none.key");
  EXPECT_EQ(error(), "key_file " + options.key_file + ": No such file or directory");
}

TEST_F(TlsClientTest, RefusesAKeyOfAnotherCertificate) {
  use(authority.issue(), authority.issue());
  EXPECT_EQ(error(), "key_file " + options.key_file + ": not the key of cert_file " + options.cert_file);
}

TEST_F(TlsClientTest, RefusesAnEncryptedKeyWithoutAsking) {
  const Identity own = authority.issue();
  use(own, own, "secret");
  EXPECT_THAT(error(), AllOf(HasSubstr("key_file"), HasSubstr(options.key_file)));
}

TEST_F(TlsClientTest, NeedsBothCertificateAndKey) {
  const Identity own = authority.issue();
  use(own, own);
  TlsOptions both = options;
  options.key_file.clear();
  EXPECT_EQ(error(), "cert_file " + options.cert_file + ": needs a key_file");
  options = both;
  options.cert_file.clear();
  EXPECT_EQ(error(), "key_file " + options.key_file + ": needs a cert_file");
}

TEST_F(TlsClientTest, RefusesProtocolNamesThatCannotBeSaid) {
  options.alpn = {"h2", ""};
  EXPECT_THAT(error(), HasSubstr("alpn"));
  options.alpn = {std::string(256, 'x')};
  EXPECT_THAT(error(), HasSubstr("alpn"));
}

TEST_F(TlsClientTest, NamesABackendByItsOwnNameUnlessToldOtherwise) {
  std::string error;
  EXPECT_EQ(TlsClient::create(options, error)->name_for("db.test"), "db.test");
  EXPECT_EQ(TlsClient::create(options, error)->name_for("db.test."), "db.test");
  options.server_name = "all.test";
  EXPECT_EQ(TlsClient::create(options, error)->name_for("db.test"), "all.test");
}

TEST_F(TlsClientTest, UsesKernelTlsWhereItIsOffered) {
  std::string error;
  const auto client = TlsClient::create(options, error);
#ifdef SSL_OP_ENABLE_KTLS
  const bool used = (SSL_CTX_get_options(client->context()) & SSL_OP_ENABLE_KTLS) != 0;
#else
  const bool used = false;
#endif
  EXPECT_EQ(used, kernel_tls_offered());
}

class TlsSessionsTest : public testing::Test {
 protected:
  void add(int number, int version = TLS1_3_VERSION) {
    const auto id = static_cast<unsigned char>(number);
    SSL_SESSION* made = SSL_SESSION_new();
    SSL_SESSION_set_protocol_version(made, version);
    SSL_SESSION_set1_id(made, &id, 1);
    sessions.add(made);
  }
  // The number of the session that is to be resumed; -1 when there is none.
  int next() {
    const auto session = sessions.next();
    unsigned size = 0;
    return session == nullptr ? -1 : SSL_SESSION_get_id(session.get(), &size)[0];
  }

  TlsSessions sessions;
};

TEST_F(TlsSessionsTest, HasNoneAtFirst) { EXPECT_EQ(next(), -1); }

TEST_F(TlsSessionsTest, GivesTheNewestFirstAndTheLastOneAgainAndAgain) {
  for (int id : {1, 2, 3}) add(id);
  EXPECT_EQ(next(), 3);
  EXPECT_EQ(next(), 2);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(next(), 1);
  add(4);
  EXPECT_EQ(next(), 4);
}

TEST_F(TlsSessionsTest, GivesTheNewestAgainWhereSessionsMayBeUsedAgain) {
  for (int id : {1, 2}) add(id, TLS1_2_VERSION);
  EXPECT_EQ(next(), 2);
  EXPECT_EQ(next(), 2);
}

TEST_F(TlsSessionsTest, ForgetsTheOldestBeyondItsLimit) {
  constexpr int kMost = TlsSessions::kMost;
  for (int id = 0; id < kMost + 2; ++id) add(id);
  for (int id = kMost + 1; id >= 2; --id) EXPECT_EQ(next(), id);
  EXPECT_EQ(next(), 2);
}

}  // namespace
}  // namespace fwd
