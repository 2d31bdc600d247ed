#include "telemetry/counters.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>
#include <thread>

namespace fwd {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::array kBounds = {0.001, 0.01, 1.0};

TEST(CounterTest, AddsUpFromZero) {
  Counter counter;
  EXPECT_EQ(counter.value(), 0u);
  counter.add();
  counter.add(41);
  EXPECT_EQ(counter.value(), 42u);
}

TEST(CounterTest, ReaderOnAnotherThreadNeverSeesItFall) {
  Counter counter;
  std::jthread writer([&counter] {
    for (int i = 0; i < 100'000; ++i) counter.add();
  });
  for (std::uint64_t last = 0; last < 100'000;) {
    const std::uint64_t now = counter.value();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(HistogramTest, PutsEachDurationInTheFirstBucketThatHoldsIt) {
  const struct {
    Duration duration;
    std::size_t bucket;
  } cases[] = {
      {nanoseconds(0), 0},
      {milliseconds(1), 0},
      {nanoseconds(1'000'001), 1},
      {milliseconds(10), 1},
      {nanoseconds(10'000'001), 2},
      {milliseconds(1000), 2},
      {nanoseconds(1'000'000'001), 3},
      {hours(1000), 3},
  };
  for (const auto& c : cases) {
    Histogram histogram(kBounds);
    histogram.observe(c.duration);
    std::vector<std::uint64_t> expected(4);
    expected[c.bucket] = 1;
    EXPECT_EQ(histogram.read().counts, expected) << c.duration.count() << " ns";
  }
}

TEST(HistogramTest, SumsSecondsAndTakesNegativeDurationsAsZero) {
  Histogram histogram(kBounds);
  histogram.observe(milliseconds(250));
  histogram.observe(milliseconds(1250));
  histogram.observe(milliseconds(-3));
  EXPECT_DOUBLE_EQ(histogram.read().sum, 1.5);
  EXPECT_THAT(histogram.read().counts, ElementsAre(1, 0, 1, 1));
}

TEST(HistogramDataTest, AddsBucketByBucketAlsoToAnEmptyOne) {
  HistogramData total;
  EXPECT_THAT(total.counts, IsEmpty());
  total.add({{1, 2, 3}, 0.5});
  total.add({{10, 20, 30}, 1.5});
  total.add({});
  EXPECT_THAT(total.counts, ElementsAre(11, 22, 33));
  EXPECT_DOUBLE_EQ(total.sum, 2.0);
}

TEST(HistogramTest, BoundsRiseAndCoverWhatTheyAreFor) {
  const struct {
    std::span<const double> bounds;
    double first;
    double last;
  } cases[] = {
      {session_bounds(), 0.001, 6 * 3600}, {link_bounds(), 50e-6, 5}, {loop_lag_bounds(), 100e-6, 5}};
  for (const auto& c : cases) {
    EXPECT_EQ(c.bounds.front(), c.first);
    EXPECT_EQ(c.bounds.back(), c.last);
    EXPECT_LE(c.bounds.size(), Histogram::kMaxBounds);
    EXPECT_EQ(std::adjacent_find(c.bounds.begin(), c.bounds.end(), std::greater_equal<>()), c.bounds.end());
  }
}

TEST(ErrorKindTest, EveryKindHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kErrorKindCount; ++i) names.insert(to_string(static_cast<ErrorKind>(i)));
  EXPECT_EQ(names.size(), kErrorKindCount);
  EXPECT_EQ(names.count(""), 0u);
  EXPECT_EQ(to_string(ErrorKind::accept), "accept");
  EXPECT_EQ(to_string(ErrorKind::no_backend), "no_backend");
  EXPECT_EQ(to_string(ErrorKind::half_close_timeout), "half_close_timeout");
}

TEST(ServiceCountersTest, CountsAnErrorUnderItsKindOnly) {
  ServiceCounters counters;
  counters.count(ErrorKind::limit);
  for (std::size_t i = 0; i < kErrorKindCount; ++i) {
    EXPECT_EQ(counters.errors[i].value(), i == static_cast<std::size_t>(ErrorKind::limit) ? 1u : 0u);
  }
}

}  // namespace
}  // namespace fwd
