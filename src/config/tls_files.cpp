#include "config/tls_files.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>

#include "config/faults.h"
#include "config/text_file.h"

namespace fwd {
namespace {

constexpr std::size_t kLargestBytes = std::size_t{16} * 1024 * 1024;
constexpr const char* kCertificateAllowed = "a PEM file with at least one certificate";
constexpr const char* kKeyAllowed = "a PEM file with a private key that is not encrypted";

template <auto free>
struct Free {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

Bio open(const std::string& text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

struct Certificates {
  std::vector<Certificate> all;
  bool damaged = false;  // one that begins and cannot be read
};

Certificates parse_certificates(const std::string& text) {
  Certificates found;
  const Bio bio = open(text);
  while (Certificate next{PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr)}) {
    found.all.push_back(std::move(next));
  }
  const unsigned long error = ERR_peek_last_error();
  found.damaged = ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE;
  ERR_clear_error();
  return found;
}

struct KeyText {
  PrivateKey key;
  bool encrypted = false;
};

KeyText parse_key(const std::string& text) {
  KeyText found;
  const auto refuse = [](char* /*into*/, int /*size*/, int /*writing*/, void* encrypted) {
    *static_cast<bool*>(encrypted) = true;
    return -1;
  };
  found.key.reset(PEM_read_bio_PrivateKey(open(text).get(), nullptr, refuse, &found.encrypted));
  ERR_clear_error();
  return found;
}

// Why OpenSSL would not present these, such as a key that is too short by the rules of this system. Empty
// when it would.
std::string refusal(const std::vector<Certificate>& chain) {
  const Context context(SSL_CTX_new(TLS_client_method()));
  for (const Certificate& certificate : chain) {
    const auto result = certificate == chain.front()
                            ? SSL_CTX_use_certificate(context.get(), certificate.get())
                            : SSL_CTX_add1_chain_cert(context.get(), certificate.get());
    if (result == 1) continue;
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return reason == nullptr ? "no reason given" : reason;
  }
  return {};
}

bool expired(const Certificate& certificate) {
  return X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0;
}

std::string end_date(const Certificate& certificate) {
  std::tm end{};
  ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d", &end);
  return text.data();
}

class TlsFileChecks {
 public:
  std::vector<TlsFileFinding> run(const TlsOptions& options) && {
    if (!options.ca_file.empty()) check_ca(options.ca_file);
    const Certificate certificate =
        options.cert_file.empty() ? nullptr : check_certificate(options.cert_file);
    const PrivateKey key = options.key_file.empty() ? nullptr : check_key(options.key_file);
    if (certificate && key && X509_check_private_key(certificate.get(), key.get()) != 1) {
      add("key_file", quote(options.key_file) + " is not the key of the certificate in cert_file",
          "the key that the certificate was made for");
    }
    ERR_clear_error();
    return std::move(findings_);
  }

 private:
  void check_ca(const std::string& path) {
    const auto certificates = read_certificates("ca_file", path);
    if (!certificates.empty() && std::all_of(certificates.begin(), certificates.end(), expired)) {
      add("ca_file", "every certificate in " + quote(path) + " has expired");
    }
  }

  // The first one is that of this side; those that sign it may follow.
  Certificate check_certificate(const std::string& path) {
    auto certificates = read_certificates("cert_file", path);
    if (certificates.empty()) return nullptr;
    if (const std::string reason = refusal(certificates); !reason.empty()) {
      add("cert_file", quote(path) + " is refused by OpenSSL: " + reason, "what this system takes for safe");
    }
    Certificate& own = certificates.front();
    if (expired(own)) add("cert_file", "the certificate in " + quote(path) + " expired on " + end_date(own));
    return std::move(own);
  }

  std::vector<Certificate> read_certificates(const std::string& key, const std::string& path) {
    const auto text = read_text(path, kLargestBytes);
    if (!text.value) {
      add(key, quote(path) + " " + text.wrong, kCertificateAllowed);
      return {};
    }
    Certificates found = parse_certificates(*text.value);
    if (found.damaged) {
      add(key, quote(path) + " has a certificate that is damaged", kCertificateAllowed);
      return {};
    }
    if (found.all.empty()) add(key, quote(path) + " has no certificate in PEM form", kCertificateAllowed);
    return std::move(found.all);
  }

  PrivateKey check_key(const std::string& path) {
    const auto text = read_text(path, kLargestBytes);
    if (!text.value) {
      add("key_file", quote(path) + " " + text.wrong, kKeyAllowed);
      return nullptr;
    }
    KeyText found = parse_key(*text.value);
    if (found.encrypted) {
      add("key_file", quote(path) + " is encrypted, and no passphrase is asked for", kKeyAllowed);
    } else if (!found.key) {
      add("key_file", quote(path) + " has no private key in PEM form", kKeyAllowed);
    }
    return std::move(found.key);
  }

  void add(std::string key, std::string wrong, std::string allowed = {}) {
    findings_.push_back({std::move(key), std::move(wrong), std::move(allowed)});
  }

  std::vector<TlsFileFinding> findings_;
};

}  // namespace

std::vector<TlsFileFinding> check_tls_files(const TlsOptions& options) {
  return TlsFileChecks().run(options);
}

}  // namespace fwd
