#include "net/relay.h"

#include <algorithm>
#include <utility>

namespace fwd {

using Status = IoResult::Status;

Relay::Relay(std::unique_ptr<Stream> client, std::unique_ptr<Stream> backend, RelayContext& context,
             Owner& owner)
    : client_(std::move(client)),
      backend_(std::move(backend)),
      context_(context),
      owner_(owner),
      up_{*client_, *backend_, Direction::upstream, {}},
      down_{*backend_, *client_, Direction::downstream, {}} {
  client_->set_owner(this);
  backend_->set_owner(this);
}

Relay::~Relay() {
  forget(up_);
  forget(down_);
}

void Relay::start() {
  for (Stream* stream : {client_.get(), backend_.get()}) {
    if (stream->failed()) broke(*stream);
  }
  serve(up_);
  serve(down_);
  finish();
}

void Relay::abort() {
  client_->abort();
  backend_->abort();
}

bool Relay::delivered() { return up_.empty() && down_.empty() && client_->drained() && backend_->drained(); }

void Relay::on_stream(Stream& stream) {
  if (over_) return;
  if (stream.failed()) broke(stream);
  serve(up_);
  serve(down_);
  finish();
}

void Relay::on_turn(Stream& stream) {
  if (over_) return;
  if (stream.failed()) broke(stream);
  pump(up_);
  pump(down_);
  finish();
}

// Bulk waits for its turn, so that it keeps no small message waiting.
void Relay::serve(Half& half) {
  if (!half.size.bulk()) return pump(half);
  if (!half.ended && half.can_move()) client_->call_again();
}

void Relay::finish() {
  if (!up_.ended || !down_.ended) return;
  if (survivor_ != nullptr && !survivor_->drained()) return;
  over_ = true;
  if (broken_) abort();
  owner_.relay_ended(broken_ ? RelayEnd::reset : RelayEnd::finished);
}

void Relay::pump(Half& half) {
  std::size_t moved = 0;
  std::size_t taken = 0;
  while (!half.ended && flush(half, moved)) {
    if (half.source_ended) {
      pass_on_end(half);
    } else if (taken >= kTurnBytes) {
      if (half.from.readable()) client_->call_again();
      break;
    } else if (const std::size_t got = refill(half, moved); got > 0 || half.source_ended) {
      taken += got;
    } else {
      break;
    }
  }
  if (half.empty()) {
    half.pipe.reset();
  } else if (!half.ended && !half.source_ended) {
    half.from.pause_input();  // it has to wait: what arrives meanwhile need not wake anybody
  }
  if (moved > 0) owner_.relay_moved(half.direction, moved);
}

// True when nothing is pending any more and more can be written.
bool Relay::flush(Half& half, std::size_t& moved) {
  if (half.empty()) return true;
  Pending& pending = half.pending;
  if (pending.bytes == nullptr) {
    if (half.to.writable()) moved += account(half, half.to.write(*half.pipe));
  } else {
    const std::size_t written = write(half, {&pending.bytes[pending.begin], pending.end - pending.begin});
    moved += written;
    pending.begin += static_cast<std::uint32_t>(written);
    if (pending.begin == pending.end) forget(half);
  }
  return half.empty() && !half.ended;
}

// How many bytes came; 0 when the source has nothing now, or has ended.
std::size_t Relay::refill(Half& half, std::size_t& moved) {
  if (!half.from.readable()) return 0;
  lend_pipe(half);
  const IoResult got = read(half);
  if (got.status == Status::would_block) return 0;
  if (got.status != Status::ok) {
    half.source_ended = true;
    if (got.status == Status::error) broke(half.from);
    return 0;
  }
  half.size.read(got.bytes);
  if (half.pipe != nullptr) return got.bytes;
  const std::span<const std::byte> bytes = context_.buffer.first(got.bytes);
  const std::size_t written = write(half, bytes);
  moved += written;
  if (written < bytes.size() && !half.ended) keep(half, bytes.subspan(written));
  return got.bytes;
}

void Relay::keep(Half& half, std::span<const std::byte> rest) {
  half.pending = {std::make_unique_for_overwrite<std::byte[]>(rest.size()), 0,
                  static_cast<std::uint32_t>(rest.size())};
  std::ranges::copy(rest, half.pending.bytes.get());
  context_.kept += rest.size();
}

void Relay::forget(Half& half) {
  context_.kept -= half.pending.end;
  half.pending = {};
}

void Relay::lend_pipe(Half& half) {
  if (!half.size.bulk() || !half.from.spliceable() || !half.to.spliceable()) {
    half.pipe.reset();
  } else if (half.pipe == nullptr) {
    half.pipe = context_.pipes.take();
  }
}

IoResult Relay::read(Half& half) {
  if (half.pipe != nullptr) return half.from.read(*half.pipe);
  return half.from.read(context_.kept < kPlenty ? context_.buffer : context_.buffer.first(kLeastRead));
}

std::size_t Relay::write(Half& half, std::span<const std::byte> bytes) {
  return half.to.writable() ? account(half, half.to.write(bytes)) : 0;
}

std::size_t Relay::account(Half& half, IoResult put) {
  if (put.status == Status::error) broke(half.to);
  return put.status == Status::ok ? put.bytes : 0;
}

void Relay::pass_on_end(Half& half) {
  half.ended = true;
  // After both ends the streams are closed anyway.
  if (!half_closed()) return;
  if (!broken_) half.to.shutdown_write();
  owner_.relay_half_closed();
}

// Nothing can reach that side any more; what it sent before is still read and passed on.
void Relay::broke(Stream& stream) {
  Half& towards = &stream == backend_.get() ? up_ : down_;
  towards.ended = true;
  forget(towards);
  towards.pipe.reset();
  if (&stream == survivor_) survivor_ = nullptr;
  if (std::exchange(broken_, true)) return;
  survivor_ = &stream == backend_.get() ? client_.get() : backend_.get();
  owner_.relay_breaking();
}

}  // namespace fwd
