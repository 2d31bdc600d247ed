#include "net/tls_stream.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <utility>

#include "core/address.h"

namespace fwd {

using Status = IoResult::Status;

TlsStream::TlsStream(const TlsClient& client, std::unique_ptr<SocketStream> socket, const std::string& name,
                     std::shared_ptr<TlsSessions> sessions)
    : client_(client),
      socket_(std::move(socket)),
      sessions_(std::move(sessions)),
      ssl_(SSL_new(client.context())) {
  socket_->set_owner(this);
  if (!prepare(name) && state_ != Handshake::failed) refuse({DialError::local, "out of memory"});
}

TlsStream::~TlsStream() {
  if (ssl_ == nullptr || mute_ || state_ != Handshake::done) return;
  if (aborted_) {
    // Or else the library would take the session for a broken one.
    SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN);
  } else if (goodbye_ != Goodbye::said) {
    say_goodbye();
  }
}

// False when the library has no memory, or the handshake was refused.
bool TlsStream::prepare(const std::string& name) {
  ERR_clear_error();
  SSL* ssl = ssl_.get();
  if (ssl == nullptr || SSL_set_fd(ssl, socket_->fd()) != 1) return false;
  SSL_set_connect_state(ssl);
  SSL_set_app_data(ssl, sessions_.get());
  if (!check_name(name)) {
    refuse({DialError::tls_name, name.empty() ? "no name to verify" : "not a name to verify"});
    return false;
  }
  if (sessions_ == nullptr) return true;
  if (const auto session = sessions_->next()) SSL_set_session(ssl, session.get());
  return true;
}

// Says what the certificate must be for. False when that cannot be verified.
bool TlsStream::check_name(const std::string& name) {
  if (name.empty()) return !client_.options().verify;
  X509_VERIFY_PARAM* verify = SSL_get0_param(ssl_.get());
  if (const auto ip = parse_ip(name)) {
    return X509_VERIFY_PARAM_set1_ip(verify, ip->bytes.data(), ip->v6 ? 16 : 4) == 1;
  }
  X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return X509_VERIFY_PARAM_set1_host(verify, name.data(), name.size()) == 1 &&
         SSL_set_tlsext_host_name(ssl_.get(), name.c_str()) == 1;
}

TlsStream::Handshake TlsStream::handshake() {
  if (state_ != Handshake::in_progress) return state_;
  ERR_clear_error();
  errno = 0;
  const int result = SSL_do_handshake(ssl_.get());
  const int system_error = errno;
  if (result != 1) {
    if (blocked_on(result) != Wait::nothing) return Handshake::in_progress;
    return refuse(handshake_fault(ssl_.get(), result, system_error));
  }
  const long verified = SSL_get_verify_result(ssl_.get());
  if (client_.options().verify && verified != X509_V_OK) return refuse(certificate_fault(verified));
  return state_ = Handshake::done;
}

TlsStream::Handshake TlsStream::refuse(TlsFault fault) {
  handshake_error_ = fault.error;
  handshake_detail_ = std::move(fault.detail);
  mute_ = deaf_ = true;
  return state_ = Handshake::failed;
}

bool TlsStream::resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

// What an operation that gave `result` waits for; nothing when it has failed, or come to the end.
TlsStream::Wait TlsStream::blocked_on(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      socket_->clear_readable();
      return Wait::input;
    case SSL_ERROR_WANT_WRITE:
      socket_->clear_writable();
      return Wait::output;
    default:
      return Wait::nothing;
  }
}

bool TlsStream::come(Wait wait) const {
  return wait == Wait::input ? socket_->readable() : socket_->writable();
}

// In the middle of a message of the protocol each direction goes on with it, and takes what the other one
// waited for.
void TlsStream::left_message(bool was_inside, Wait& other) {
  if (!was_inside || other == Wait::nothing || SSL_in_init(ssl_.get()) != 0) return;
  other = Wait::nothing;
  call_again();
}

IoResult TlsStream::read(std::span<std::byte> into) {
  const bool inside = SSL_in_init(ssl_.get()) != 0;
  std::size_t got = 0;
  while (got < into.size() && !deaf_) {
    ERR_clear_error();
    std::size_t bytes = 0;
    const int result = SSL_read_ex(ssl_.get(), &into[got], into.size() - got, &bytes);
    got += bytes;
    read_waits_ = result == 1 ? Wait::nothing : blocked_on(result);
    if (result == 1) continue;
    if (read_waits_ != Wait::nothing) break;
    if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_ZERO_RETURN) {
      reading_broke();
    } else if (got == 0) {
      return {Status::eof, 0};
    } else {
      break;
    }
  }
  left_message(inside, write_waits_);
  if (goodbye_ == Goodbye::waiting) say_goodbye();
  if (got > 0) return {Status::ok, got};
  return {deaf_ ? Status::error : Status::would_block, 0};
}

void TlsStream::reading_broke() {
  handshake_detail_ = peer_alert();
  mute_ = deaf_ = true;
}

IoResult TlsStream::write(std::span<const std::byte> from) {
  if (goodbye_ != Goodbye::unsaid) return {Status::error, 0};
  const bool inside = SSL_in_init(ssl_.get()) != 0;
  // The library sends each record with a call of its own: together they make fewer packets and wake-ups.
  const bool records = from.size() > SSL3_RT_MAX_PLAIN_LENGTH;
  if (records) set_cork(socket_->fd(), true);
  std::size_t put = 0;
  while (put < from.size() && !mute_) {
    ERR_clear_error();
    std::size_t bytes = 0;
    const int result = SSL_write_ex(ssl_.get(), &from[put], from.size() - put, &bytes);
    put += bytes;
    write_waits_ = result == 1 ? Wait::nothing : blocked_on(result);
    if (write_waits_ != Wait::nothing) break;
    mute_ = result != 1;
  }
  if (records) set_cork(socket_->fd(), false);
  left_message(inside, read_waits_);
  if (mute_) return {Status::error, 0};
  return {put > 0 ? Status::ok : Status::would_block, put};
}

void TlsStream::shutdown_write() {
  if (goodbye_ != Goodbye::unsaid) return;
  if (SSL_version(ssl_.get()) >= TLS1_3_VERSION) return say_goodbye();
  end_held_ = true;
}

void TlsStream::release_end() {
  if (std::exchange(end_held_, false)) say_goodbye();
}

// Sends close_notify, and then the FIN, as far as it can now.
void TlsStream::say_goodbye() {
  if (mute_) return;
  goodbye_ = Goodbye::waiting;
  // In the middle of a message from the peer the library refuses to.
  if (SSL_in_init(ssl_.get()) != 0) return;
  ERR_clear_error();
  const int result = SSL_shutdown(ssl_.get());
  if (result >= 0) {
    goodbye_ = Goodbye::said;
    socket_->shutdown_write();
  } else if (blocked_on(result) == Wait::nothing) {
    mute_ = true;
  }
}

void TlsStream::abort() {
  aborted_ = true;
  socket_->abort();
}

bool TlsStream::drained() {
  if (goodbye_ == Goodbye::waiting) say_goodbye();
  if (goodbye_ == Goodbye::waiting && !mute_) return false;
  return socket_->drained();
}

IdleState TlsStream::peek() {
  const IdleState socket = socket_->peek();
  if (socket == IdleState::failed) return IdleState::failed;
  int result = 0;
  if (!deaf_) {
    const bool inside = SSL_in_init(ssl_.get()) != 0;
    ERR_clear_error();
    std::byte first;
    std::size_t bytes = 0;
    result = SSL_peek_ex(ssl_.get(), &first, 1, &bytes);
    read_waits_ = result == 1 ? Wait::nothing : blocked_on(result);
    left_message(inside, write_waits_);
    if (result != 1 && read_waits_ == Wait::nothing) {
      if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_ZERO_RETURN) return IdleState::closed;
      reading_broke();
    }
  }
  // An alert says more than the FIN behind it.
  if (socket == IdleState::closed && handshake_detail_.empty()) return IdleState::closed;
  if (deaf_) return IdleState::failed;
  if (result == 1) return IdleState::banner;
  // Taking a ticket in leaves a write buffer of 16 KiB behind, and nobody writes to an idle link. The library
  // keeps what holds bytes.
  SSL_free_buffers(ssl_.get());
  return IdleState::quiet;
}

bool TlsStream::readable() const {
  if (deaf_) return true;
  if (read_waits_ != Wait::nothing) return come(read_waits_);
  // What the library has taken from the socket makes no event.
  const bool ended = (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  return socket_->readable() || ended || SSL_has_pending(ssl_.get()) == 1;
}

bool TlsStream::writable() const {
  if (mute_) return true;
  return come(write_waits_ == Wait::nothing ? Wait::output : write_waits_);
}

bool TlsStream::failed() const { return socket_->failed() || mute_ || deaf_; }

// Unless something else than a read waits for input.
void TlsStream::pause_input() {
  if (write_waits_ != Wait::input && goodbye_ != Goodbye::waiting) socket_->pause_input();
}

void TlsStream::call_again() { socket_->call_again(); }

void TlsStream::start_keepalive(const Keepalive& keepalive) { socket_->start_keepalive(keepalive); }

void TlsStream::on_stream(Stream&) {
  if (goodbye_ == Goodbye::waiting) say_goodbye();
  if (owner_ != nullptr) owner_->on_stream(*this);
}

void TlsStream::on_turn(Stream&) {
  if (goodbye_ == Goodbye::waiting) say_goodbye();
  if (owner_ != nullptr) owner_->on_turn(*this);
}

}  // namespace fwd
