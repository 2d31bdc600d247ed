#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "core/tls_options.h"

namespace fwd {

// The TLS sessions that one backend lets us resume, newest first out; at most kMost are kept. Shared by the
// pool of the backend and the streams to it, since tickets arrive while a stream is in use. Loop thread only.
class TlsSessions {
 public:
  static constexpr std::size_t kMost = 8;

  void add(SSL_SESSION* session);  // takes over the reference
  // To be resumed; null when there is none. TLS 1.3 tickets serve once; the last one is given again and again
  // rather than none.
  std::shared_ptr<SSL_SESSION> next();

 private:
  std::deque<std::shared_ptr<SSL_SESSION>> sessions_;
};

// How one service speaks TLS to its backends: an SSL_CTX made from TlsOptions. Immutable once made; one a
// service and loop, so that nothing is shared between threads. Must outlive its streams.
class TlsClient {
 public:
  // Null with `error` saying what is wrong, with the name of the file.
  static std::unique_ptr<TlsClient> create(const TlsOptions& options, std::string& error);

  const TlsOptions& options() const { return options_; }
  SSL_CTX* context() const { return context_.get(); }
  // The name that a backend is verified by, and that SNI says: server_name, else `backend_name` (the host
  // name in the list, or the address as text).
  std::string name_for(const std::string& backend_name) const;

 private:
  struct FreeContext {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };

  explicit TlsClient(const TlsOptions& options);

  // Empty, or what is wrong.
  std::string set_up();
  std::string load_trust();
  std::string load_own_certificate();

  TlsOptions options_;
  std::unique_ptr<SSL_CTX, FreeContext> context_;
};

// Those of all services on one loop; null where a service speaks plainly.
using TlsClients = std::vector<std::unique_ptr<TlsClient>>;

// Whether the kernel encrypts sockets itself (kernel TLS); asked once. It is used where it is offered, and
// never needed.
bool kernel_tls_offered();

}  // namespace fwd
