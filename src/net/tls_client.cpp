#include "net/tls_client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "net/fd.h"

#ifndef TCP_ULP
#define TCP_ULP 31
#endif

namespace fwd {
namespace {

std::shared_ptr<SSL_SESSION> share(SSL_SESSION* session) { return {session, SSL_SESSION_free}; }

int on_new_session(SSL* ssl, SSL_SESSION* session) {
  auto* sessions = static_cast<TlsSessions*>(SSL_get_app_data(ssl));
  if (sessions == nullptr) return 0;
  sessions->add(session);
  return 1;
}

// An encrypted key would make the library ask on the terminal.
int no_password(char*, int, int, void*) { return -1; }

std::string library_error() {
  const unsigned long error = ERR_peek_error();
#ifdef ERR_SYSTEM_ERROR
  if (ERR_SYSTEM_ERROR(error)) return std::generic_category().message(ERR_GET_REASON(error));
#endif
  const char* reason = ERR_reason_error_string(error);
  return reason == nullptr ? "unknown error" : reason;
}

std::string file_error(const char* key, const std::string& path) {
  return std::string(key) + " " + path + ": " + library_error();
}

// Names with their lengths before them, as the protocol has them.
std::string alpn_list(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    list += static_cast<char>(name.size());
    list += name;
  }
  return list;
}

bool ask_for_kernel_tls() {
#ifdef OPENSSL_NO_KTLS
  return false;
#else
  const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // A kernel that has it minds only that the socket is not connected.
  return ::setsockopt(fd.get(), IPPROTO_TCP, TCP_ULP, "tls", sizeof "tls") == 0 || errno == ENOTCONN;
#endif
}

void set_up_input(SSL_CTX* context) {
#ifdef SSL_OP_ENABLE_KTLS
  if (kernel_tls_offered()) {
    SSL_CTX_set_options(context, SSL_OP_ENABLE_KTLS);
    return;
  }
#endif
  // Header and body of a record with one call. The kernel's TLS hands out whole records anyway.
  SSL_CTX_set_read_ahead(context, 1);
}

}  // namespace

bool kernel_tls_offered() {
  static const bool offered = ask_for_kernel_tls();
  return offered;
}

void TlsSessions::add(SSL_SESSION* session) {
  sessions_.push_front(share(session));
  if (sessions_.size() > kMost) sessions_.pop_back();
}

std::shared_ptr<SSL_SESSION> TlsSessions::next() {
  // The library marks those whose connection broke.
  while (!sessions_.empty() && SSL_SESSION_is_resumable(sessions_.front().get()) == 0) sessions_.pop_front();
  if (sessions_.empty()) return nullptr;
  std::shared_ptr<SSL_SESSION> newest = sessions_.front();
  if (sessions_.size() > 1 && SSL_SESSION_get_protocol_version(newest.get()) >= TLS1_3_VERSION) {
    sessions_.pop_front();
    return newest;
  }
  // A copy, since the library marks what it has used, or what was in use when a connection broke.
  SSL_SESSION* copy = SSL_SESSION_dup(newest.get());
  return copy == nullptr ? nullptr : share(copy);
}

TlsClient::TlsClient(const TlsOptions& options)
    : options_(options), context_(SSL_CTX_new(TLS_client_method())) {}

std::unique_ptr<TlsClient> TlsClient::create(const TlsOptions& options, std::string& error) {
  ERR_clear_error();
  std::unique_ptr<TlsClient> client(new TlsClient(options));
  error = client->context_ == nullptr ? library_error() : client->set_up();
  ERR_clear_error();
  return error.empty() ? std::move(client) : nullptr;
}

std::string TlsClient::set_up() {
  SSL_CTX* context = context_.get();
  SSL_CTX_set_min_proto_version(context,
                                options_.min_version == TlsVersion::v1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // With AUTO_RETRY the library asks for input only when the socket has none: readiness depends on that.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  set_up_input(context);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, on_new_session);
  SSL_CTX_set_verify(context, options_.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  const std::string alpn = alpn_list(options_.alpn);
  const auto* wire = reinterpret_cast<const unsigned char*>(alpn.data());
  if (!alpn.empty() && SSL_CTX_set_alpn_protos(context, wire, static_cast<unsigned>(alpn.size())) != 0) {
    return "alpn: every name needs 1 to 255 bytes";
  }
  if (std::string error = load_trust(); !error.empty()) return error;
  return load_own_certificate();
}

std::string TlsClient::load_trust() {
  if (options_.ca_file.empty()) {
    return SSL_CTX_set_default_verify_paths(context_.get()) == 1 ? ""
                                                                 : "the system's store: " + library_error();
  }
  const char* path = options_.ca_file.c_str();
  if (SSL_CTX_load_verify_locations(context_.get(), path, nullptr) == 1) return {};
  return file_error("ca_file", options_.ca_file);
}

std::string TlsClient::load_own_certificate() {
  const std::string& cert = options_.cert_file;
  const std::string& key = options_.key_file;
  if (cert.empty() && key.empty()) return {};
  if (key.empty()) return "cert_file " + cert + ": needs a key_file";
  if (cert.empty()) return "key_file " + key + ": needs a cert_file";
  SSL_CTX* context = context_.get();
  SSL_CTX_set_default_passwd_cb(context, no_password);
  if (SSL_CTX_use_certificate_chain_file(context, cert.c_str()) != 1) return file_error("cert_file", cert);
  const bool used = SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1;
  const bool mismatch = used ? SSL_CTX_check_private_key(context) != 1
                             : ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH;
  if (mismatch) return "key_file " + key + ": not the key of cert_file " + cert;
  return used ? "" : file_error("key_file", key);
}

std::string TlsClient::name_for(const std::string& backend_name) const {
  std::string name = options_.server_name.empty() ? backend_name : options_.server_name;
  // A host name may end with the dot of the root; a certificate never does.
  if (name.ends_with('.')) name.pop_back();
  return name;
}

}  // namespace fwd
