#pragma once

#include <csignal>
#include <memory>
#include <string>

#include "net/tls_client.h"
#include "net/tls_server.h"

namespace fwd {

// For tests of dials that speak TLS: an authority that the client trusts, and what it issued to the backend.
class TlsTestClient {
 public:
  TlsTestClient() {
    ::signal(SIGPIPE, SIG_IGN);
    options.ca_file = files_.certificate("ca.pem", ca().self());
    options.server_name = "backend.test";
    options.handshake_timeout = std::chrono::seconds(10);
  }
  static const CertificateAuthority& ca() {
    static const CertificateAuthority authority;
    return authority;
  }
  static const Identity& identity() {
    static const Identity issued = ca().issue();
    return issued;
  }
  // Made by the first call, from the options as they are then.
  const TlsClient* get() {
    std::string error;
    if (client_ == nullptr) client_ = TlsClient::create(options, error);
    EXPECT_EQ(error, "");
    return client_.get();
  }

  TlsOptions options;

 private:
  CertificateFiles files_;
  std::unique_ptr<TlsClient> client_;
};

}  // namespace fwd
