#pragma once

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <csignal>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/certificates.h"
#include "net/sockets.h"

namespace fwd {

struct TlsServerOptions {
  int version = 0;   // TLS1_2_VERSION or TLS1_3_VERSION only; 0: both
  std::string alpn;  // the one it speaks; empty: none
  const CertificateAuthority* client_authority =
      nullptr;      // asks for client certificates of this one, and insists
  int tickets = 2;  // with TLS 1.3, after each handshake
};

// What the connections of one TLS server have in common.
class TlsServer {
 public:
  explicit TlsServer(const Identity& identity, const TlsServerOptions& options = {})
      : options_(options), context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
    ::signal(SIGPIPE, SIG_IGN);  // as the program does: the library writes without MSG_NOSIGNAL
    SSL_CTX* context = context_.get();
    EXPECT_EQ(SSL_CTX_use_certificate(context, identity.certificate.get()), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context, identity.key.get()), 1);
    SSL_CTX_set_min_proto_version(context, options.version);
    SSL_CTX_set_max_proto_version(context, options.version);
    SSL_CTX_set_num_tickets(context, static_cast<std::size_t>(options.tickets));
    SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>("test"), 4);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (!options_.alpn.empty()) SSL_CTX_set_alpn_select_cb(context, select_alpn, this);
    if (options.client_authority == nullptr) return;
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), options.client_authority->self().certificate.get());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  SSL_CTX* context() const { return context_.get(); }

 private:
  static int select_alpn(SSL*, const unsigned char** chosen, unsigned char* size,
                         const unsigned char* offered, unsigned offered_size, void* self) {
    const std::string& ours = static_cast<TlsServer*>(self)->options_.alpn;
    for (unsigned at = 0; at < offered_size; at += 1U + offered[at]) {
      const std::string_view name(reinterpret_cast<const char*>(offered + at + 1), offered[at]);
      if (name != ours) continue;
      *chosen = offered + at + 1;
      *size = offered[at];
      return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }

  TlsServerOptions options_;
  std::shared_ptr<SSL_CTX> context_;
};

// The server's end of one connection, on a socket that does not block. Nothing happens by itself: call work()
// from the condition that the test waits for.
class TlsServerLink {
 public:
  TlsServerLink(const TlsServer& server, Fd socket)
      : socket_(std::move(socket)), ssl_(SSL_new(server.context()), SSL_free) {
    SSL_set_fd(ssl_.get(), socket_.get());
    SSL_set_accept_state(ssl_.get());
  }

  // Shakes hands, sends what waits and takes what has come, as far as that goes now.
  void work() {
    if (broken_) return;
    if (!shaken_ && !advance(SSL_do_handshake(ssl_.get()))) return;
    shaken_ = true;
    flush();
    receive();
  }
  bool shaken() const { return shaken_; }
  // An error of the library or the connection, and an end without close_notify.
  bool broken() const { return broken_; }
  // What the client sent; `eof` is its close_notify, `reset` any other end.
  const Found& found() const { return found_; }

  void send(std::string_view text) {
    outgoing_ += text;
    flush();
  }
  bool sent() const { return sent_ == outgoing_.size(); }
  // Does not take what comes any more, until it is called with false.
  void pause(bool paused = true) { paused_ = paused; }
  void close_notify() { SSL_shutdown(ssl_.get()); }
  // The end of the connection, without close_notify.
  void close() {
    socket_.reset();
    broken_ = true;
  }
  void reset() {
    reset_connection(socket_);
    broken_ = true;
  }
  int fd() const { return socket_.get(); }

  std::string server_name() const {
    return text_of(SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name));
  }
  std::string version() const { return SSL_get_version(ssl_.get()); }
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  std::string alpn() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  // The common name in the client's certificate.
  std::string client_name() const {
    const std::unique_ptr<X509, void (*)(X509*)> own(SSL_get_peer_certificate(ssl_.get()), X509_free);
    char name[256] = "";
    if (own) X509_NAME_get_text_by_NID(X509_get_subject_name(own.get()), NID_commonName, name, sizeof name);
    return name;
  }
  SSL* ssl() const { return ssl_.get(); }

 private:
  static std::string text_of(const char* text) { return text == nullptr ? "" : text; }

  // False when it is blocked or broken.
  bool advance(int result) {
    if (result > 0) return true;
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_ZERO_RETURN) found_.then = Found::Then::eof;
    broken_ = error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL;
    if (broken_) found_.then = Found::Then::reset;
    ERR_clear_error();
    return false;
  }
  void flush() {
    while (shaken_ && !sent() && !broken_) {
      std::size_t put = 0;
      if (!advance(SSL_write_ex(ssl_.get(), &outgoing_[sent_], outgoing_.size() - sent_, &put))) return;
      sent_ += put;
    }
  }
  void receive() {
    char buffer[16'384];
    std::size_t got = 0;
    while (!paused_ && !broken_ && advance(SSL_read_ex(ssl_.get(), buffer, sizeof buffer, &got))) {
      found_.bytes.append(buffer, got);
    }
  }

  Fd socket_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
  bool shaken_ = false;
  bool broken_ = false;
  bool paused_ = false;
  std::string outgoing_;  // of which so much is sent
  std::size_t sent_ = 0;
  Found found_;
};

// A TLS server that listens on loopback. As with its links, it moves only when work() is called.
class TlsListener {
 public:
  explicit TlsListener(const Identity& identity, const TlsServerOptions& options = {})
      : server_(identity, options), fd_(listen_on(loopback())), endpoint_(local_endpoint(fd_.get())) {
    set_nonblocking(fd_.get());
  }

  // Takes new connections, and lets every link go on.
  void work() {
    for (;;) {
      Fd accepted(::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!accepted) break;
      links_.push_back(std::make_unique<TlsServerLink>(server_, std::move(accepted)));
    }
    for (const auto& link : links_) link->work();
  }
  const Endpoint& endpoint() const { return endpoint_; }
  std::vector<std::unique_ptr<TlsServerLink>>& links() { return links_; }  // in the order of their coming

 private:
  TlsServer server_;
  Fd fd_;
  Endpoint endpoint_;
  std::vector<std::unique_ptr<TlsServerLink>> links_;
};

}  // namespace fwd
