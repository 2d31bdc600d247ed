#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "net/deadlines.h"
#include "net/fd.h"

namespace fwd {

class PipeCache;

// Where bytes wait between two sockets without a copy into this process.
class Pipe {
 public:
  // What one splice asks for, and one holds where the system gives it. Measured: docs/performance.md.
  static constexpr std::size_t kBytes = 1'048'576;
  // All pipes of an unprivileged user have 64 MiB together; then one of this size is still worth it.
  static constexpr std::size_t kLeastBytes = 262'144;

  Pipe(PipeCache& cache, Fd in, Fd out) : cache_(cache), in_(std::move(in)), out_(std::move(out)) {}

  int in() const { return in_.get(); }
  int out() const { return out_.get(); }

  std::size_t bytes = 0;  // that it holds

 private:
  friend struct ReturnPipe;
  PipeCache& cache_;
  Fd in_;
  Fd out_;
};

struct ReturnPipe {
  void operator()(Pipe* pipe) const;
};
// Goes back to its cache, or is closed when bytes are left in it.
using PipeLease = std::unique_ptr<Pipe, ReturnPipe>;

// The pipes of one loop, at most so many. They are lent only while bytes are moved or wait in them; those
// that nobody has needed for kUnused are closed. Loop thread only; all leases must be back before it goes.
class PipeCache final : private Deadline::Owner {
 public:
  static constexpr Duration kUnused = std::chrono::seconds(1);

  PipeCache(Deadlines& deadlines, std::size_t most) : most_(most), deadline_(deadlines, *this) {}
  PipeCache(const PipeCache&) = delete;
  PipeCache& operator=(const PipeCache&) = delete;

  // An empty one; null when there is none to be had now, and bytes must be copied.
  PipeLease take();

 private:
  friend struct ReturnPipe;
  std::unique_ptr<Pipe> open();
  void give_back(std::unique_ptr<Pipe> pipe);
  void on_deadline(Deadline& deadline, TimePoint now) override;

  const std::size_t most_;
  std::size_t lent_ = 0;
  std::vector<std::unique_ptr<Pipe>> kept_;  // empty ones
  std::size_t unused_ = 0;                   // the fewest kept since the last look
  bool look_set_ = false;
  Deadline deadline_;     // the next look
  TimePoint retry_at_{};  // when the system has refused one
};

}  // namespace fwd
