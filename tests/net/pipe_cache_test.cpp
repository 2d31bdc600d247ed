#include "net/pipe_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "net/run_until.h"

namespace fwd {
namespace {

class PipeCacheTest : public testing::Test {
 protected:
  Loop loop;
  Poller poller{loop};
  Deadlines deadlines{poller};
};

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

TEST_F(PipeCacheTest, LendsEmptyPipesOfFullSize) {
  PipeCache cache(deadlines, 1);
  const PipeLease pipe = cache.take();
  ASSERT_NE(pipe, nullptr);
  EXPECT_EQ(pipe->bytes, 0U);
  EXPECT_GE(::fcntl(pipe->in(), F_GETPIPE_SZ), static_cast<int>(Pipe::kBytes));
}

TEST_F(PipeCacheTest, LendsNoMoreThanItMay) {
  PipeCache cache(deadlines, 2);
  PipeLease first = cache.take();
  const PipeLease second = cache.take();
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(cache.take(), nullptr);
  first.reset();
  EXPECT_NE(cache.take(), nullptr);
}

TEST_F(PipeCacheTest, UsesAPipeAgain) {
  PipeCache cache(deadlines, 2);
  const int in = cache.take()->in();
  EXPECT_EQ(cache.take()->in(), in);
}

TEST_F(PipeCacheTest, NeverLendsAPipeInWhichBytesWereLeft) {
  PipeCache cache(deadlines, 1);
  const auto before = open_descriptors();
  {
    const PipeLease pipe = cache.take();
    ASSERT_EQ(::write(pipe->in(), "rest", 4), 4);
    pipe->bytes = 4;
  }
  EXPECT_EQ(open_descriptors(), before) << "closed";
  const PipeLease next = cache.take();
  ASSERT_NE(next, nullptr);
  char byte = 0;
  EXPECT_LT(::read(next->out(), &byte, 1), 0) << "empty";
}

TEST_F(PipeCacheTest, ClosesPipesThatNobodyNeedsForAWhile) {
  PipeCache cache(deadlines, 4);
  const auto before = open_descriptors();
  {
    std::vector<PipeLease> lent;
    for (int i = 0; i < 4; ++i) lent.push_back(cache.take());
    EXPECT_EQ(open_descriptors() - before, 8);
  }
  EXPECT_TRUE(run_until(loop, [&] {
    cache.take();
    return open_descriptors() - before == 2;
  })) << "but for the one that is used again and again";
}

}  // namespace
}  // namespace fwd
