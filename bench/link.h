#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "socket.h"

namespace fwd::bench {

// How connections speak TLS. Throws std::runtime_error when the file is no good.
class Tls {
 public:
  // The file holds its certificate and key. With a cipher suite: TLS 1.3 and this only.
  static Tls server(const std::string& pem_file, const std::string& cipher_suite, bool resumption);
  static Tls client(const std::string& pem_file);  // holds the certificates that it trusts

  SSL* open(const Fd& socket) const;

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };

  explicit Tls(bool accepts);

  bool accepts_;
  std::unique_ptr<SSL_CTX, Free> context_;
};

// A connection, bare or with TLS, which shakes hands as it is first used. SIGPIPE has to be ignored.
class Link {
 public:
  Link() = default;
  explicit Link(Fd socket, const Tls* tls = nullptr);

  const Fd& socket() const { return socket_; }
  bool valid() const { return socket_.valid(); }
  void reset();  // a healthy TLS session is ended in TLS too

  Step handshake();  // done at once without TLS
  bool resumed() const;
  Step send(std::span<const char> data, std::size_t& offset);
  // At most a chunk of the pattern from `position` on; without TLS no byte of it is copied, as file servers
  // do.
  Step send_pattern(std::uint64_t position, std::uint64_t bytes, std::size_t& sent);
  Step receive(std::span<char> data, std::size_t& offset);
  bool holds_data() const;  // received already, so that the descriptor will not become readable for it

 private:
  struct End {
    void operator()(SSL* session) const;
  };

  Step outcome(int result);

  Fd socket_;
  std::unique_ptr<SSL, End> tls_;  // ends before the socket does
};

}  // namespace fwd::bench
