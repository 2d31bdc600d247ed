#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

namespace fwd {

// A certificate and its key, made for the test.
struct Identity {
  std::shared_ptr<X509> certificate;
  std::shared_ptr<EVP_PKEY> key;
};

struct CertificateRequest {
  std::string names = "DNS:backend.test";  // as subjectAltName has it: DNS:..., IP:...; empty for none
  std::string usage = "serverAuth";
  int valid_from_days = -1;
  int valid_to_days = 30;
  std::string common_name = "backend";
};

namespace certificates {

constexpr long kDay = 86'400;

inline std::shared_ptr<EVP_PKEY> make_key() {
  std::unique_ptr<EVP_PKEY_CTX, void (*)(EVP_PKEY_CTX*)> maker(EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nullptr),
                                                               EVP_PKEY_CTX_free);
  EVP_PKEY* key = nullptr;
  EXPECT_EQ(EVP_PKEY_keygen_init(maker.get()), 1);
  EXPECT_EQ(EVP_PKEY_CTX_set_ec_paramgen_curve_nid(maker.get(), NID_X9_62_prime256v1), 1);
  EXPECT_EQ(EVP_PKEY_keygen(maker.get(), &key), 1);
  return {key, EVP_PKEY_free};
}

inline void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  EXPECT_EQ(X509_add_ext(certificate, extension, -1), 1) << value;
  X509_EXTENSION_free(extension);
}

inline Identity make(const CertificateRequest& request) {
  static long serial = 0;
  Identity made{{X509_new(), X509_free}, make_key()};
  X509* certificate = made.certificate.get();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), request.valid_from_days * kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate), request.valid_to_days * kDay);
  X509_set_pubkey(certificate, made.key.get());
  const auto* name = reinterpret_cast<const unsigned char*>(request.common_name.c_str());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, name, -1, -1, 0);
  return made;
}

inline void sign(Identity& identity, const Identity& issuer) {
  X509_set_issuer_name(identity.certificate.get(), X509_get_subject_name(issuer.certificate.get()));
  extend(identity.certificate.get(), issuer.certificate.get(), NID_authority_key_identifier, "keyid");
  EXPECT_GT(X509_sign(identity.certificate.get(), issuer.key.get(), EVP_sha256()), 0);
}

}  // namespace certificates

// Vouches for others; trusted by whoever has its certificate.
class CertificateAuthority {
 public:
  explicit CertificateAuthority(const std::string& common_name = "test CA")
      : self_(certificates::make({"", "", -60, 3650, common_name})) {
    X509* own = self_.certificate.get();
    certificates::extend(own, own, NID_basic_constraints, "critical,CA:TRUE");
    certificates::extend(own, own, NID_key_usage, "critical,digitalSignature,keyCertSign,cRLSign");
    certificates::extend(own, own, NID_subject_key_identifier, "hash");
    certificates::sign(self_, self_);
  }

  const Identity& self() const { return self_; }
  Identity issue(const CertificateRequest& request = {}) const {
    Identity issued = certificates::make(request);
    X509* certificate = issued.certificate.get();
    if (!request.names.empty()) {
      certificates::extend(certificate, certificate, NID_subject_alt_name, request.names);
    }
    if (!request.usage.empty())
      certificates::extend(certificate, certificate, NID_ext_key_usage, request.usage);
    certificates::sign(issued, self_);
    return issued;
  }

 private:
  Identity self_;
};

// PEM files in a directory that goes with it.
class CertificateFiles {
 public:
  CertificateFiles() {
    std::string name = testing::TempDir() + "certificates-XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  ~CertificateFiles() { std::filesystem::remove_all(directory_); }
  CertificateFiles(const CertificateFiles&) = delete;
  CertificateFiles& operator=(const CertificateFiles&) = delete;

  // The path of the file.
  std::string certificate(const std::string& name, const Identity& identity) const {
    return write(name, [&](BIO* bio) { return PEM_write_bio_X509(bio, identity.certificate.get()); });
  }
  // With a password when one is given.
  std::string key(const std::string& name, const Identity& identity, const char* password = nullptr) const {
    return write(name, [&](BIO* bio) {
      void* secret = const_cast<char*>(password);
      const EVP_CIPHER* cipher = password == nullptr ? nullptr : EVP_aes_128_cbc();
      return PEM_write_bio_PrivateKey(bio, identity.key.get(), cipher, nullptr, 0, nullptr, secret);
    });
  }
  std::string text(const std::string& name, const std::string& content) const {
    std::ofstream(path(name)) << content;
    return path(name);
  }
  std::string path(const std::string& name) const { return directory_ / name; }

 private:
  template <class Write>
  std::string write(const std::string& name, Write write_pem) const {
    std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new_file(path(name).c_str(), "w"), BIO_free);
    EXPECT_EQ(write_pem(bio.get()), 1) << name;
    return path(name);
  }

  std::filesystem::path directory_;
};

}  // namespace fwd
