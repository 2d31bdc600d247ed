#include "net/relay.h"

#include <algorithm>
#include <utility>

namespace fwd {

Relay::Relay(std::unique_ptr<Stream> client, std::unique_ptr<Stream> backend, std::span<std::byte> buffer,
             Owner& owner)
    : client_(std::move(client)),
      backend_(std::move(backend)),
      buffer_(buffer),
      owner_(owner),
      up_{Direction::upstream, *client_, *backend_, {}},
      down_{Direction::downstream, *backend_, *client_, {}} {
  client_->set_owner(this);
  backend_->set_owner(this);
}

void Relay::start() {
  for (Stream* stream : {client_.get(), backend_.get()}) {
    if (stream->failed()) broke(*stream);
  }
  work();
}

void Relay::abort() {
  client_->abort();
  backend_->abort();
}

bool Relay::delivered() {
  return up_.pending.empty() && down_.pending.empty() && client_->drained() && backend_->drained();
}

void Relay::on_stream(Stream& stream) {
  if (over_) return;
  if (stream.failed()) broke(stream);
  work();
}

void Relay::work() {
  pump(up_);
  pump(down_);
  if (!up_.ended || !down_.ended) return;
  if (survivor_ != nullptr && !survivor_->drained()) return;
  over_ = true;
  if (broken_) abort();
  owner_.relay_ended(broken_ ? RelayEnd::reset : RelayEnd::finished);
}

void Relay::pump(Half& half) {
  std::size_t moved = 0;
  for (int turns = kTurns; !half.ended && flush(half, moved); --turns) {
    if (half.source_ended) {
      pass_on_end(half);
    } else if (turns == 0) {
      half.from.call_again();
      break;
    } else if (!refill(half, moved)) {
      break;
    }
  }
  if (moved > 0) owner_.relay_moved(half.direction, moved);
}

// True when nothing is pending any more and more can be written.
bool Relay::flush(Half& half, std::size_t& moved) {
  Pending& pending = half.pending;
  if (pending.empty()) return true;
  const std::size_t written = write(half, {&pending.bytes[pending.begin], pending.end - pending.begin});
  moved += written;
  pending.begin += written;
  if (pending.begin == pending.end) pending = {};
  return pending.empty() && !half.ended;
}

// False when the source has nothing now.
bool Relay::refill(Half& half, std::size_t& moved) {
  if (!half.from.readable()) return false;
  const IoResult got = half.from.read(buffer_);
  if (got.status == IoResult::Status::would_block) return false;
  if (got.status != IoResult::Status::ok) {
    half.source_ended = true;
    if (got.status == IoResult::Status::error) broke(half.from);
    return true;
  }
  const std::span<const std::byte> bytes = buffer_.first(got.bytes);
  const std::size_t written = write(half, bytes);
  moved += written;
  if (written < bytes.size() && !half.ended) {
    const auto rest = bytes.subspan(written);
    half.pending = {std::make_unique_for_overwrite<std::byte[]>(rest.size()), 0, rest.size()};
    std::ranges::copy(rest, half.pending.bytes.get());
  }
  return true;
}

std::size_t Relay::write(Half& half, std::span<const std::byte> bytes) {
  if (!half.to.writable()) return 0;
  const IoResult put = half.to.write(bytes);
  if (put.status == IoResult::Status::error) broke(half.to);
  return put.status == IoResult::Status::ok ? put.bytes : 0;
}

void Relay::pass_on_end(Half& half) {
  if (!broken_) half.to.shutdown_write();
  half.ended = true;
  if (half_closed()) owner_.relay_half_closed();
}

// Nothing can reach that side any more; what it sent before is still read and passed on.
void Relay::broke(Stream& stream) {
  Half& towards = &stream == backend_.get() ? up_ : down_;
  towards.ended = true;
  towards.pending = {};
  if (&stream == survivor_) survivor_ = nullptr;
  if (std::exchange(broken_, true)) return;
  survivor_ = &stream == backend_.get() ? client_.get() : backend_.get();
  owner_.relay_breaking();
}

}  // namespace fwd
