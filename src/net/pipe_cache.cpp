#include "net/pipe_cache.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "net/loop.h"

namespace fwd {
namespace {

constexpr Duration kRetry = std::chrono::seconds(1);

}  // namespace

void ReturnPipe::operator()(Pipe* pipe) const { pipe->cache_.give_back(std::unique_ptr<Pipe>(pipe)); }

PipeLease PipeCache::take() {
  if (kept_.empty() && lent_ < most_ && clock_now() >= retry_at_) {
    if (auto pipe = open()) {
      kept_.push_back(std::move(pipe));
    } else {
      retry_at_ = clock_now() + kRetry;
    }
  }
  if (kept_.empty()) return nullptr;
  PipeLease lease(kept_.back().release());
  kept_.pop_back();
  unused_ = std::min(unused_, kept_.size());
  ++lent_;
  return lease;
}

std::unique_ptr<Pipe> PipeCache::open() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) return nullptr;
  auto pipe = std::make_unique<Pipe>(*this, Fd(ends[1]), Fd(ends[0]));
  for (const std::size_t bytes : {Pipe::kBytes, Pipe::kLeastBytes}) {
    if (::fcntl(pipe->in(), F_SETPIPE_SZ, static_cast<int>(bytes)) > 0) return pipe;
  }
  // A user who has too much of them already gets one of a page or two, which is slower than copying.
  return nullptr;
}

void PipeCache::give_back(std::unique_ptr<Pipe> pipe) {
  --lent_;
  if (pipe->bytes > 0) return;
  kept_.push_back(std::move(pipe));
  if (!std::exchange(look_set_, true)) deadline_.set(clock_now() + kUnused);
}

void PipeCache::on_deadline(Deadline&, TimePoint now) {
  kept_.resize(kept_.size() - std::exchange(unused_, 0));
  unused_ = kept_.size();
  look_set_ = !kept_.empty() || lent_ > 0;
  if (look_set_) deadline_.set(now + kUnused);
}

}  // namespace fwd
