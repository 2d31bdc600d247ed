#include "net/tls_fault.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <system_error>

#include "net/socket.h"

namespace fwd {
namespace {

std::string words(unsigned long error) {
  const char* reason = ERR_reason_error_string(error);
  return reason == nullptr ? std::string() : reason;
}

DialError certificate_error(long verify_result) {
  switch (verify_result) {
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return DialError::tls_expired;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return DialError::tls_name;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED:
      return DialError::tls_unknown_ca;
    default:
      return DialError::tls_certificate;
  }
}

// The number of the alert that the peer sent; 0 when it did not.
int alert_of(unsigned long error) {
  const int reason = ERR_GET_REASON(error);
  return ERR_GET_LIB(error) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET ? reason - SSL_AD_REASON_OFFSET
                                                                            : 0;
}

bool closed_by_peer(unsigned long error) {
#ifdef SSL_R_UNEXPECTED_EOF_WHILE_READING
  return ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
#else
  return error == 0;
#endif
}

DialError library_error(unsigned long error) {
  const int alert = alert_of(error);
  if (alert == SSL_AD_PROTOCOL_VERSION || alert == SSL_AD_INSUFFICIENT_SECURITY)
    return DialError::tls_protocol;
  if (alert != 0 || closed_by_peer(error)) return DialError::tls_refused;
  return ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE ? DialError::local : DialError::tls_protocol;
}

TlsFault socket_fault(int error) {
  if (error == 0) return {DialError::tls_refused, "closed"};
  const DialError kind = classify_dial_error(error);
  return {kind == DialError::reset ? DialError::tls_refused : kind, std::generic_category().message(error)};
}

}  // namespace

TlsFault certificate_fault(long verify_result) {
  return {certificate_error(verify_result), X509_verify_cert_error_string(verify_result)};
}

TlsFault handshake_fault(const SSL* ssl, int result, int system_error) {
  const unsigned long error = ERR_peek_last_error();
  const int kind = SSL_get_error(ssl, result);
  if (kind == SSL_ERROR_ZERO_RETURN) return {DialError::tls_refused, "close notify"};
  if (kind == SSL_ERROR_SYSCALL) return socket_fault(system_error);
  if (ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED && SSL_get_verify_result(ssl) != X509_V_OK) {
    return certificate_fault(SSL_get_verify_result(ssl));
  }
  return {library_error(error), words(error)};
}

std::string peer_alert() {
  const unsigned long error = ERR_peek_last_error();
  return alert_of(error) == 0 ? std::string() : words(error);
}

}  // namespace fwd
