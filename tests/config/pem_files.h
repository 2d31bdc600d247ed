#pragma once

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

namespace fwd {

using TestKey = std::shared_ptr<EVP_PKEY>;
inline TestKey make_key() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

// What `write` puts into a BIO, as text.
template <class Write>
std::string text_of(Write write) {
  const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
  EXPECT_EQ(write(bio.get()), 1);
  char* data = nullptr;
  const auto size = static_cast<std::size_t>(BIO_get_mem_data(bio.get(), &data));
  return {data, size};
}

inline std::string key_pem(const TestKey& key) {
  return text_of([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

// In the form of today, or in the older one whose PEM header says that it is encrypted.
inline std::string encrypted_key_pem(const TestKey& key, bool older) {
  char passphrase[] = "secret";
  auto* write = older ? PEM_write_bio_PrivateKey_traditional : PEM_write_bio_PrivateKey;
  return text_of(
      [&](BIO* bio) { return write(bio, key.get(), EVP_aes_128_cbc(), nullptr, 0, nullptr, passphrase); });
}

inline std::shared_ptr<X509> make_certificate(const TestKey& key, int valid_days) {
  std::shared_ptr<X509> certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -400L * 24 * 3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), valid_days * 24L * 3600);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1,
                             0);
  X509_set_issuer_name(certificate.get(), name);
  X509_set_pubkey(certificate.get(), key.get());
  EXPECT_GT(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
  return certificate;
}

// Signed by its own key. With negative days it has expired.
inline std::string certificate_pem(const TestKey& key, int valid_days = 30) {
  return text_of([&](BIO* bio) { return PEM_write_bio_X509(bio, make_certificate(key, valid_days).get()); });
}

inline std::string certificate_der(const TestKey& key) {
  return text_of([&](BIO* bio) { return i2d_X509_bio(bio, make_certificate(key, 30).get()); });
}

// A directory that goes with the test.
class TestDirectory {
 public:
  TestDirectory() { std::filesystem::create_directories(path_); }
  ~TestDirectory() { std::filesystem::remove_all(path_); }
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name), std::ios::binary) << text;
  }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  const std::string path_ = (std::filesystem::path(testing::TempDir()) /
                             testing::UnitTest::GetInstance()->current_test_info()->name())
                                .string();
};

}  // namespace fwd
