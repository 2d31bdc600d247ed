#pragma once

#include <openssl/ssl.h>

#include <string>

#include "core/dial_result.h"

namespace fwd {

// Why a handshake failed.
struct TlsFault {
  DialError error = DialError::tls_protocol;
  std::string detail;  // in the words of the library; may be empty
};

// What it means for a backend that its certificate was verified with this result.
TlsFault certificate_fault(long verify_result);
// After an SSL call of the handshake gave `result` and left `system_error` in errno, before any other SSL
// call.
TlsFault handshake_fault(const SSL* ssl, int result, int system_error);
// The alert by which the peer ended the connection, when the last SSL call found one; else empty.
std::string peer_alert();

}  // namespace fwd
