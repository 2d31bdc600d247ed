#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/time.h"
#include "net/fd.h"

namespace fwd {

class PipeCache;

// Where bytes wait between two sockets without a copy into this process.
class Pipe {
 public:
  // What one holds and one splice asks for. More is not given to an unprivileged process for long: all pipes
  // of a user have 64 MiB together.
  static constexpr std::size_t kBytes = 1'048'576;

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

// The pipes of one loop, at most so many. They are lent only while bytes are moved or wait in them. Loop
// thread only; all leases must be back before it goes.
class PipeCache {
 public:
  static constexpr std::size_t kKept = 8;  // empty ones

  explicit PipeCache(std::size_t most) : most_(most) {}
  PipeCache(const PipeCache&) = delete;
  PipeCache& operator=(const PipeCache&) = delete;

  // An empty one; null when there is none to be had now, and bytes must be copied.
  PipeLease take();

 private:
  friend struct ReturnPipe;
  std::unique_ptr<Pipe> open();
  void give_back(std::unique_ptr<Pipe> pipe);

  const std::size_t most_;
  std::size_t lent_ = 0;
  std::vector<std::unique_ptr<Pipe>> kept_;
  TimePoint retry_at_{};  // when the system has refused one
};

}  // namespace fwd
