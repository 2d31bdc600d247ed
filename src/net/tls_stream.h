#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/dial_result.h"
#include "net/stream.h"
#include "net/tls_client.h"
#include "net/tls_fault.h"

namespace fwd {

// TLS over a connected socket, as a client. First handshake() until it is done; then it is a stream as any
// other.
//
// close_notify is half-close: one that arrives is eof, shutdown_write() sends one. With TLS 1.2, where
// servers answer a close_notify by closing, shutdown_write() is held back until release_end() or destruction.
// An end without close_notify is an error. Destroying an open stream sends close_notify when that is possible
// at once, unless it failed or abort() was called. Session tickets are taken in by read() and peek() and go
// to `sessions`. Loop thread only.
class TlsStream final : public Stream, private Stream::Owner {
 public:
  // `name`: what the certificate must be for, and SNI unless it is an address. `sessions`: may be null (no
  // resumption).
  TlsStream(const TlsClient& client, std::unique_ptr<SocketStream> socket, const std::string& name,
            std::shared_ptr<TlsSessions> sessions);
  ~TlsStream() override;

  enum class Handshake { done, in_progress, failed };
  // Goes as far as it can now. Call again at each on_stream while in progress.
  Handshake handshake();
  DialError handshake_error() const { return handshake_error_; }  // once it has failed
  // Of the certificate or the alert, in the words of the library; for the log. Empty when there is none.
  const std::string& handshake_detail() const { return handshake_detail_; }
  bool resumed() const;

  IoResult read(std::span<std::byte> into) override;
  // What it did not take must come again, at the head of the next write: a part of it may be on its way.
  IoResult write(std::span<const std::byte> from) override;
  void shutdown_write() override;
  bool end_held() const override { return end_held_; }
  void release_end() override;
  void abort() override;
  bool drained() override;
  IdleState peek() override;
  bool readable() const override;
  bool writable() const override;
  bool failed() const override;
  void pause_input() override;
  void call_again() override;
  void start_keepalive(const Keepalive& keepalive) override;

 private:
  // What an operation that would block waits for; either direction of TLS may need either one of the socket.
  enum class Wait : std::uint8_t { nothing, input, output };
  enum class Goodbye : std::uint8_t { unsaid, waiting, said };
  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  void on_stream(Stream&) override;
  void on_turn(Stream&) override;
  bool prepare(const std::string& name);
  bool check_name(const std::string& name);
  Handshake refuse(TlsFault fault);
  Wait blocked_on(int result);
  bool come(Wait wait) const;
  void left_message(bool was_inside, Wait& other);
  void reading_broke();
  void say_goodbye();

  const TlsClient& client_;
  std::unique_ptr<SocketStream> socket_;
  std::shared_ptr<TlsSessions> sessions_;
  std::unique_ptr<SSL, FreeSsl> ssl_;  // uses the socket and the sessions, so it goes first
  Handshake state_ = Handshake::in_progress;
  DialError handshake_error_ = DialError::tls_protocol;
  std::string handshake_detail_;
  Wait read_waits_ = Wait::nothing;
  Wait write_waits_ = Wait::nothing;
  Goodbye goodbye_ = Goodbye::unsaid;
  bool end_held_ = false;
  bool mute_ = false;  // nothing can be sent any more
  bool deaf_ = false;  // nothing can be read any more
  bool aborted_ = false;
};

}  // namespace fwd
