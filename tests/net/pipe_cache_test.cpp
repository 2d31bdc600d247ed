#include "net/pipe_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

namespace fwd {
namespace {

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

TEST(PipeCacheTest, LendsEmptyPipesOfFullSize) {
  PipeCache cache(1);
  const PipeLease pipe = cache.take();
  ASSERT_NE(pipe, nullptr);
  EXPECT_EQ(pipe->bytes, 0U);
  EXPECT_GE(::fcntl(pipe->in(), F_GETPIPE_SZ), static_cast<int>(Pipe::kBytes));
}

TEST(PipeCacheTest, LendsNoMoreThanItMay) {
  PipeCache cache(2);
  PipeLease first = cache.take();
  const PipeLease second = cache.take();
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(cache.take(), nullptr);
  first.reset();
  EXPECT_NE(cache.take(), nullptr);
}

TEST(PipeCacheTest, UsesAPipeAgain) {
  PipeCache cache(2);
  const int in = cache.take()->in();
  EXPECT_EQ(cache.take()->in(), in);
}

TEST(PipeCacheTest, NeverLendsAPipeInWhichBytesWereLeft) {
  PipeCache cache(1);
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

TEST(PipeCacheTest, KeepsAFewPipesOnly) {
  PipeCache cache(3 * PipeCache::kKept);
  const auto before = open_descriptors();
  std::vector<PipeLease> lent;
  for (std::size_t i = 0; i < 3 * PipeCache::kKept; ++i) {
    lent.push_back(cache.take());
    ASSERT_NE(lent.back(), nullptr);
  }
  lent.clear();
  EXPECT_EQ(open_descriptors() - before, static_cast<std::ptrdiff_t>(2 * PipeCache::kKept));
}

}  // namespace
}  // namespace fwd
