#include "config/tls_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/broken_config.h"
#include "config/pem_files.h"
#include "config/reader.h"

namespace fwd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::MatchesRegex;

// ca.pem, cert.pem and key.pem are good; a test spoils what it is about.
class TlsFilesTest : public testing::Test {
 protected:
  TlsFilesTest() {
    directory_.write("ca.pem", certificate_pem(make_key()));
    directory_.write("cert.pem", certificate_pem(key_));
    directory_.write("key.pem", key_pem(key_));
  }

  ConfigResult parse(const std::string& text) const { return parse_config(text, directory_.file("f.yaml")); }
  ConfigResult parse_tls(const std::string& lines) const {
    return parse("remotes:\n  tls:\n    enabled: true\n" + lines);
  }
  ConfigResult parse_all() const {
    return parse_tls("    ca_file: ca.pem\n    cert_file: cert.pem\n    key_file: key.pem\n");
  }

  std::vector<std::string> faults(const ConfigResult& result) const {
    return faults_of(result, directory_.file("f.yaml"));
  }
  // At its line in parse_all(), with the name of the file.
  std::string fault(const std::string& key, const std::string& what) const {
    const std::string line = key == "ca_file" ? "4:14" : key == "cert_file" ? "5:16" : "6:15";
    const std::string name = key.substr(0, key.find('_')) + ".pem";
    const std::string allowed = key == "key_file" ? "a PEM file with a private key that is not encrypted"
                                                  : "a PEM file with at least one certificate";
    return line + ": remotes.tls." + key + ": \"" + directory_.file(name) + "\" " + what +
           "; allowed: " + allowed;
  }
  void expect_fault(const std::string& key, const std::string& what) const {
    EXPECT_THAT(faults(parse_all()), ElementsAre(fault(key, what)));
  }

  const TestKey key_ = make_key();
  const TestDirectory directory_;
};

TEST_F(TlsFilesTest, ThatAreGoodAreFoundBesideTheConfiguration) {
  const ConfigResult result = parse_all();
  EXPECT_THAT(faults(result), IsEmpty());
  EXPECT_THAT(result.warnings, IsEmpty());
  const TlsOptions& tls = result.config.services.at(0).remotes.tls;
  EXPECT_EQ(tls.ca_file, directory_.file("ca.pem"));
  EXPECT_EQ(tls.cert_file, directory_.file("cert.pem"));
  EXPECT_EQ(tls.key_file, directory_.file("key.pem"));
}

TEST_F(TlsFilesTest, MayBeOneFileWithTheChain) {
  directory_.write("all.pem",
                   "a note\n" + key_pem(key_) + certificate_pem(key_) + certificate_pem(make_key()));
  const ConfigResult result = parse_tls("    cert_file: all.pem\n    key_file: all.pem\n");
  EXPECT_THAT(faults(result), IsEmpty());
  EXPECT_THAT(result.warnings, IsEmpty());
}

TEST_F(TlsFilesTest, AreNotReadWhileTlsIsOff) {
  const ConfigResult result = parse("remotes: { tls: { ca_file: nothing.pem } }\n");
  EXPECT_THAT(faults(result), IsEmpty());
}

TEST_F(TlsFilesTest, ThatAreNotThereAreAllTold) {
  for (const char* name : {"ca.pem", "cert.pem", "key.pem"}) std::filesystem::remove(directory_.file(name));
  const std::string what = "cannot be read: No such file or directory";
  EXPECT_THAT(faults(parse_all()),
              ElementsAre(fault("ca_file", what), fault("cert_file", what), fault("key_file", what)));
}

TEST_F(TlsFilesTest, NeedPem) {
  directory_.write("ca.pem", certificate_der(make_key()));
  directory_.write("cert.pem", "");
  directory_.write("key.pem", "not a key\n");
  EXPECT_THAT(faults(parse_all()), ElementsAre(fault("ca_file", "has no certificate in PEM form"),
                                               fault("cert_file", "has no certificate in PEM form"),
                                               fault("key_file", "has no private key in PEM form")));
}

TEST_F(TlsFilesTest, KeyIsNoCertificate) {
  directory_.write("cert.pem", key_pem(key_));
  expect_fault("cert_file", "has no certificate in PEM form");
}

TEST_F(TlsFilesTest, CertificateIsNoKey) {
  directory_.write("key.pem", certificate_pem(key_));
  expect_fault("key_file", "has no private key in PEM form");
}

TEST_F(TlsFilesTest, DamageInAnyCertificateIsTold) {
  const std::string good = certificate_pem(key_);
  std::string bad = good;
  bad.replace(bad.size() / 2, 4, "!!!!");
  directory_.write("ca.pem", good + bad);
  expect_fault("ca_file", "has a certificate that is damaged");
  directory_.write("ca.pem", good + good.substr(0, good.size() / 2));
  expect_fault("ca_file", "has a certificate that is damaged");
}

TEST_F(TlsFilesTest, KeyMustBelongToTheFirstCertificate) {
  const std::string key = directory_.file("key.pem");
  const std::string message = "6:15: remotes.tls.key_file: \"" + key +
                              "\" is not the key of the certificate in cert_file; allowed: the key that the "
                              "certificate was made for";
  directory_.write("key.pem", key_pem(make_key()));
  EXPECT_THAT(faults(parse_all()), ElementsAre(message));
  directory_.write("key.pem", key_pem(key_));
  directory_.write("cert.pem", certificate_pem(make_key()) + certificate_pem(key_));
  EXPECT_THAT(faults(parse_all()), ElementsAre(message));
}

TEST_F(TlsFilesTest, CertificateThatOpensslWouldNotPresentIsRefused) {
  const TestKey weak(EVP_RSA_gen(512), EVP_PKEY_free);
  const std::string message =
      "5:16: remotes.tls.cert_file: \"" + directory_.file("cert.pem") +
      "\" is refused by OpenSSL: %s key too small; allowed: what this system takes for safe";
  const auto expect = [&](const std::string& whose) {
    std::string text = message;
    EXPECT_THAT(faults(parse_all()), ElementsAre(text.replace(text.find("%s"), 2, whose)));
  };
  directory_.write("cert.pem", certificate_pem(weak));
  directory_.write("key.pem", key_pem(weak));
  expect("ee");
  directory_.write("cert.pem", certificate_pem(key_) + certificate_pem(weak));
  directory_.write("key.pem", key_pem(key_));
  expect("ca");
}

TEST_F(TlsFilesTest, EncryptedKeyIsRefusedWithoutAsking) {
  for (const bool older : {false, true}) {
    directory_.write("key.pem", encrypted_key_pem(key_, older));
    expect_fault("key_file", "is encrypted, and no passphrase is asked for");
  }
}

TEST_F(TlsFilesTest, ExpiredCertificateIsOnlyWarnedOf) {
  directory_.write("cert.pem", certificate_pem(key_, -3));
  const ConfigResult result = parse_all();
  EXPECT_THAT(faults(result), IsEmpty());
  EXPECT_THAT(result.warnings,
              ElementsAre(MatchesRegex("remotes.tls.cert_file: the certificate in \".*/cert.pem\" expired on "
                                       "20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]")));
}

TEST_F(TlsFilesTest, CaFileIsWarnedOfOnceAllInItHaveExpired) {
  const std::string old = certificate_pem(make_key(), -3);
  directory_.write("ca.pem", old + certificate_pem(make_key()));
  EXPECT_THAT(parse_all().warnings, IsEmpty());
  directory_.write("ca.pem", old + old);
  EXPECT_THAT(parse_all().warnings, ElementsAre("remotes.tls.ca_file: every certificate in \"" +
                                                directory_.file("ca.pem") + "\" has expired"));
}

TEST_F(TlsFilesTest, ThatServicesInheritAreToldOnce) {
  const std::string top = "remotes: { tls: { enabled: true, ca_file: no.pem } }\n";
  const ConfigResult result =
      parse(top +
            "services:\n"
            "  - { name: a, server: { listen_addr: ':1' } }\n"
            "  - { name: b, server: { listen_addr: ':2' } }\n"
            "  - { name: c, server: { listen_addr: ':3' }, remotes: { tls: { ca_file: ca.pem } } }\n");
  EXPECT_THAT(faults(result), ElementsAre(testing::StartsWith("1:43: remotes.tls.ca_file: ")));
}

TEST_F(TlsFilesTest, OfAServiceAreToldWhereItSaysThem) {
  const ConfigResult result = parse(
      "remotes: { tls: { enabled: true, ca_file: ca.pem } }\n"
      "services:\n"
      "  - name: a\n"
      "    remotes: { tls: { ca_file: no.pem } }\n");
  EXPECT_THAT(faults(result), ElementsAre(testing::StartsWith("4:32: services[0].remotes.tls.ca_file: ")));
}

}  // namespace
}  // namespace fwd
