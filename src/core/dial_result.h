#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace fwd {

// Why a link to a backend could not be opened. `local` is a fault of this machine (no descriptor, no free
// port, no memory for buffers): it says nothing about the backend and never counts against it.
enum class DialError {
  refused,
  timeout,
  unreachable,
  reset,
  other,
  local,
  tls_timeout,      // the handshake did not end in handshake_timeout
  tls_expired,      // the certificate has expired or is not valid yet
  tls_name,         // the certificate is for another name
  tls_unknown_ca,   // nobody we trust vouches for the certificate; also self-signed
  tls_certificate,  // the certificate is wrong in another way (purpose, signature, revoked)
  tls_refused,      // the backend ended the handshake with an alert, or closed
  tls_protocol,     // what came is not TLS, or no common version or cipher
};

inline constexpr std::size_t kDialErrorCount = 13;

// The label value in metrics and logs.
constexpr std::string_view to_string(DialError error) {
  constexpr std::array<std::string_view, kDialErrorCount> kNames = {
      "refused",         "timeout",     "unreachable", "reset",    "other",
      "local",           "tls_timeout", "tls_expired", "tls_name", "tls_unknown_ca",
      "tls_certificate", "tls_refused", "tls_protocol"};
  return kNames[static_cast<std::size_t>(error)];
}

}  // namespace fwd
