#include "link.h"

#include <openssl/err.h>

#include <stdexcept>

#include "protocol.h"

namespace fwd::bench {
namespace {

void check(bool ok, const std::string& what) {
  if (ok) return;
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  throw std::runtime_error(what + ": " + (reason != nullptr ? reason : "not usable"));
}

}  // namespace

Tls::Tls(bool accepts)
    : accepts_(accepts), context_(SSL_CTX_new(accepts ? TLS_server_method() : TLS_client_method())) {
  check(context_ != nullptr, "TLS");
  SSL_CTX_set_mode(context_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

Tls Tls::server(const std::string& pem_file, const std::string& cipher_suite, bool resumption) {
  Tls tls(true);
  SSL_CTX* context = tls.context_.get();
  check(SSL_CTX_use_certificate_chain_file(context, pem_file.c_str()) == 1, pem_file);
  check(SSL_CTX_use_PrivateKey_file(context, pem_file.c_str(), SSL_FILETYPE_PEM) == 1, pem_file);
  if (!cipher_suite.empty()) {
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    check(SSL_CTX_set_ciphersuites(context, cipher_suite.c_str()) == 1, cipher_suite);
  }
  if (!resumption) {
    SSL_CTX_set_num_tickets(context, 0);             // of TLS 1.3
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);  // of TLS 1.2
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  }
  return tls;
}

Tls Tls::client(const std::string& pem_file) {
  Tls tls(false);
  check(SSL_CTX_load_verify_locations(tls.context_.get(), pem_file.c_str(), nullptr) == 1, pem_file);
  SSL_CTX_set_verify(tls.context_.get(), SSL_VERIFY_PEER, nullptr);
  return tls;
}

SSL* Tls::open(const Fd& socket) const {
  SSL* session = SSL_new(context_.get());
  check(session != nullptr && SSL_set_fd(session, socket.get()) == 1, "TLS");
  accepts_ ? SSL_set_accept_state(session) : SSL_set_connect_state(session);
  return session;
}

void Link::End::operator()(SSL* session) const {
  if (SSL_is_init_finished(session) == 1) SSL_shutdown(session);
  SSL_free(session);
  ERR_clear_error();
}

Link::Link(Fd socket, const Tls* tls) : socket_(std::move(socket)) {
  if (tls != nullptr && valid()) tls_.reset(tls->open(socket_));
}

void Link::reset() {
  tls_.reset();
  socket_.reset();
}

Step Link::handshake() { return tls_ ? outcome(SSL_do_handshake(tls_.get())) : Step::done; }

bool Link::resumed() const { return tls_ && SSL_session_reused(tls_.get()) == 1; }

Step Link::send(std::span<const char> data, std::size_t& offset) {
  if (!tls_) return send_some(socket_, data, offset);
  std::size_t sent = 0;
  const int result = SSL_write_ex(tls_.get(), data.data() + offset, data.size() - offset, &sent);
  offset += sent;
  return outcome(result);
}

Step Link::send_pattern(std::uint64_t position, std::uint64_t bytes, std::size_t& sent) {
  const std::span<const char> chunk = pattern_at(position, bytes);
  return tls_ ? send(chunk, sent)
              : send_file_some(socket_, pattern_file(), pattern_offset(position), chunk.size(), sent);
}

Step Link::receive(std::span<char> data, std::size_t& offset) {
  if (!tls_) return receive_some(socket_, data, offset);
  std::size_t received = 0;
  const int result = SSL_read_ex(tls_.get(), data.data() + offset, data.size() - offset, &received);
  offset += received;
  return outcome(result);
}

bool Link::holds_data() const { return tls_ && SSL_pending(tls_.get()) > 0; }

Step Link::outcome(int result) {
  if (result == 1) return Step::done;
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return Step::blocked;
    case SSL_ERROR_ZERO_RETURN:
      return Step::ended;
    default:
      ERR_clear_error();
      SSL_set_quiet_shutdown(tls_.get(), 1);  // after a failure nothing may be sent
      return Step::failed;
  }
}

}  // namespace fwd::bench
