#include "net/pipe_cache.h"

#include <fcntl.h>
#include <unistd.h>

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
  ++lent_;
  return lease;
}

std::unique_ptr<Pipe> PipeCache::open() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) return nullptr;
  auto pipe = std::make_unique<Pipe>(*this, Fd(ends[1]), Fd(ends[0]));
  // A user who has too much of them already gets one of a page or two, which is slower than copying.
  const bool large = ::fcntl(pipe->in(), F_SETPIPE_SZ, static_cast<int>(Pipe::kBytes)) > 0;
  return large ? std::move(pipe) : nullptr;
}

void PipeCache::give_back(std::unique_ptr<Pipe> pipe) {
  --lent_;
  if (pipe->bytes == 0 && kept_.size() < kKept) kept_.push_back(std::move(pipe));
}

}  // namespace fwd
