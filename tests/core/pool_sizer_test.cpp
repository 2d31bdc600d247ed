#include "core/pool_sizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <queue>
#include <string>

#include "core/random.h"

namespace fwd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Shares = std::vector<std::size_t>;

constexpr Duration kInterval = seconds(1);

std::size_t total(const PoolPlan& plan) {
  return std::accumulate(plan.idle.begin(), plan.idle.end(), std::size_t{0});
}

PoolSizing fixed(std::size_t size) {
  PoolSizing sizing;
  sizing.strategy = PoolStrategy::fixed;
  sizing.size_per_remote = size;
  return sizing;
}

PoolSizing dynamic(std::size_t min, std::size_t max, double ratio = 0.2) {
  PoolSizing sizing;
  sizing.min_size = min;
  sizing.max_size = max;
  sizing.target_buffer_ratio = ratio;
  return sizing;
}

PoolSizing predictive(std::size_t min, std::size_t max) {
  PoolSizing sizing = dynamic(min, max);
  sizing.strategy = PoolStrategy::predictive;
  return sizing;
}

PoolDemand arrivals(std::initializer_list<std::uint64_t> counts) {
  PoolDemand demand;
  for (const std::uint64_t count : counts) demand.workers.push_back({count, 0, 0});
  return demand;
}

PoolDemand sessions(std::initializer_list<std::uint64_t> in_use) {
  PoolDemand demand;
  for (const std::uint64_t now : in_use) demand.workers.push_back({0, now, now});
  return demand;
}

PoolPlan plan_many(PoolSizer& sizer, const PoolDemand& demand, int times) {
  for (int i = 1; i < times; ++i) sizer.plan(demand, kInterval);
  return sizer.plan(demand, kInterval);
}

TEST(PoolSizerCapTest, BoundsTheIdleLinksOfEveryStrategyInFairShares) {
  for (const PoolSizing& sizing : {fixed(50), dynamic(20, 500), predictive(20, 500)}) {
    PoolSizer sizer(sizing, 2);
    const PoolPlan free = sizer.plan(arrivals({10, 10}), kInterval);
    EXPECT_GE(total(free), 20U);
    EXPECT_EQ(sizer.plan(arrivals({10, 10}), kInterval, 6).idle, Shares({3, 3}));
    EXPECT_EQ(total(sizer.plan(arrivals({10, 10}), kInterval, 0)), 0U);
    EXPECT_EQ(total(sizer.plan(arrivals({10, 10}), kInterval)), total(free)) << "and back";
  }
}

TEST(PoolSizerCapTest, GivesTheOnlyLinkToTheWorkerWithTheArrivals) {
  PoolSizer sizer(dynamic(20, 500), 2);
  for (int i = 0; i < 120; ++i) sizer.plan(arrivals({0, 10}), kInterval, 1);
  EXPECT_EQ(sizer.plan(arrivals({0, 10}), kInterval, 1).idle, Shares({0, 1}));
}

// B(n, a) is between the two losses when n links do for the greater one and not for the smaller one.
TEST(LinksForLoadTest, FollowsTheErlangLossFormula) {
  const struct {
    double load;
    double loss;
    std::size_t links;
  } cases[] = {
      {1, 0.5, 1},        {1, 0.4999, 2},      // B(1, 1) = 1/2
      {1, 0.2, 2},        {1, 0.1999, 3},      // B(2, 1) = 1/5
      {2.5, 0.0698, 5},   {2.5, 0.0696, 6},    // B(5, 2.5) = 0.0697
      {5, 0.0185, 10},    {5, 0.0183, 11},     // B(10, 5) = 0.0184
      {100, 0.0758, 100}, {100, 0.0756, 101},  // B(100, 100) = 0.0757
      {0.001, 0.001, 1},  {0.0011, 0.001, 2},  // a / (1 + a)
      {0, 0.001, 0},      {1e-9, 0.001, 1},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(links_for_load(c.load, c.loss, 1000), c.links) << c.load << " at " << c.loss;
  }
}

TEST(LinksForLoadTest, NeverExceedsTheMost) {
  EXPECT_EQ(links_for_load(1e6, 0.001, 500), 500U);
  EXPECT_EQ(links_for_load(5, 0.001, 3), 3U);
  EXPECT_EQ(links_for_load(5, 0.001, 0), 0U);
}

// Share of random arrivals that find no link, each link being replaced `open_time` after it was taken.
double missed(double rate, double open_time, std::size_t links) {
  constexpr int kArrivals = 300'000;
  Random random(7);
  std::queue<double> opening;
  double now = 0;
  int misses = 0;
  for (int i = 0; i < kArrivals; ++i) {
    now -= std::log(1 - random.unit()) / rate;
    while (!opening.empty() && opening.front() <= now) opening.pop();
    if (opening.size() < links) {
      opening.push(now + open_time);
    } else {
      ++misses;
    }
  }
  return static_cast<double>(misses) / kArrivals;
}

TEST(LinksForLoadTest, LetsOneRandomArrivalInAThousandMissAndNoLinkIsTooMany) {
  for (const double rate : {5.0, 50.0, 500.0}) {
    const std::size_t links = links_for_load(rate * 0.05, 0.001, 500);
    EXPECT_LE(missed(rate, 0.05, links), 0.0012) << rate;
    EXPECT_GT(missed(rate, 0.05, links - 1), 0.0008) << rate;
  }
}

TEST(PoolSizerTest, KeepsNothingWithoutAStrategy) {
  PoolSizing sizing;
  sizing.strategy = PoolStrategy::none;
  PoolSizer sizer(sizing, 2);
  const PoolPlan nothing{0, {0, 0}};
  EXPECT_EQ(sizer.first_plan(), nothing);
  EXPECT_EQ(sizer.plan({{{100, 50, 80}, {100, 50, 80}}, milliseconds(50)}, kInterval), nothing);
}

TEST(PoolSizerTest, BeginsWithEqualShares) {
  EXPECT_EQ(PoolSizer(fixed(50), 3).first_plan(), (PoolPlan{50, {17, 17, 16}}));
  EXPECT_EQ(PoolSizer(dynamic(20, 500), 2).first_plan(), (PoolPlan{20, {10, 10}}));
  EXPECT_EQ(PoolSizer(predictive(20, 500), 8).first_plan(), (PoolPlan{20, {3, 3, 3, 3, 2, 2, 2, 2}}));
  EXPECT_EQ(PoolSizer(dynamic(0, 500), 2).first_plan(), (PoolPlan{0, {0, 0}}));
}

TEST(PoolSizerTest, FirstPlanIsKeptWhileNothingHappens) {
  for (const PoolSizing& sizing : {fixed(50), dynamic(20, 500), predictive(20, 500)}) {
    PoolSizer sizer(sizing, 3);
    EXPECT_EQ(plan_many(sizer, arrivals({0, 0, 0}), 100), sizer.first_plan());
    EXPECT_EQ(sizer.scale_ups() + sizer.scale_downs(), 0U);
  }
}

TEST(PoolSizerTest, FixedIgnoresTraffic) {
  PoolSizer sizer(fixed(50), 1);
  const PoolPlan expected{50, {50}};
  EXPECT_EQ(plan_many(sizer, sessions({400}), 10), expected);
  EXPECT_EQ(plan_many(sizer, arrivals({10'000}), 10), expected);
}

TEST(PoolSizerTest, MovesByAtMostTheIncrements) {
  PoolSizer sizer(dynamic(20, 500), 1);
  for (const std::size_t target : {30U, 40U, 50U, 54U, 54U}) {
    EXPECT_EQ(sizer.plan(sessions({45}), kInterval).target, target);
  }
  EXPECT_EQ(sizer.scale_ups(), 4U);
  // The peak is remembered for 60 intervals, of which the last one above was the first.
  EXPECT_EQ(plan_many(sizer, sessions({0}), 59).target, 54U);
  for (const std::size_t target : {49U, 44U, 39U, 34U, 29U, 24U, 20U, 20U}) {
    EXPECT_EQ(sizer.plan(sessions({0}), kInterval).target, target);
  }
  EXPECT_EQ(sizer.scale_ups(), 4U);
  EXPECT_EQ(sizer.scale_downs(), 7U);
}

TEST(PoolSizerTest, DynamicAimsAtThePeakWithItsBuffer) {
  const struct {
    std::uint64_t peak;
    std::uint64_t in_use;
    double ratio;
    std::size_t target;
    std::size_t idle;
  } cases[] = {
      {0, 0, 0.2, 20, 20},          // min_size
      {10, 10, 0.2, 20, 10},        // the rest of min_size
      {50, 50, 0.2, 60, 12},        // the buffer
      {50, 20, 0.2, 60, 40},        // target less in use
      {50, 50, 0.1, 55, 6},         // 50 x 1.1 is 55 and no rounding error more
      {51, 51, 0.2, 62, 13},        // both rounded up
      {1000, 1000, 0.2, 500, 100},  // max_size bounds idle links, not sessions
      {100, 0, 0, 100, 100},       {100, 100, 0, 100, 0}, {100, 0, 3, 400, 500},
  };
  for (const auto& c : cases) {
    PoolSizer sizer(dynamic(20, 500, c.ratio), 1);
    PoolDemand demand;
    demand.workers.push_back({0, c.in_use, c.peak});
    const PoolPlan plan = plan_many(sizer, demand, 60);
    EXPECT_EQ(plan.target, c.target) << c.peak << " x " << c.ratio;
    EXPECT_EQ(total(plan), c.idle) << c.peak << " x " << c.ratio << ", " << c.in_use << " in use";
  }
}

TEST(PoolSizerTest, PeakIsTheSumOfTheWorkersPeaksInSixtyIntervals) {
  PoolSizer sizer(dynamic(20, 500), 2);
  sizer.plan({{{0, 1, 30}, {0, 2, 2}}, {}}, kInterval);
  EXPECT_EQ(sizer.peak(), 32U);
  sizer.plan({{{0, 1, 1}, {0, 2, 40}}, {}}, kInterval);
  EXPECT_EQ(sizer.peak(), 70U) << "at different times";
  plan_many(sizer, sessions({5, 5}), 58);
  EXPECT_EQ(sizer.peak(), 70U);
  sizer.plan(sessions({5, 5}), kInterval);
  EXPECT_EQ(sizer.peak(), 45U);
  sizer.plan(sessions({5, 5}), kInterval);
  EXPECT_EQ(sizer.peak(), 10U);
}

TEST(PoolSizerTest, PredictsFromArrivalsAndOpenTime) {
  const struct {
    std::uint64_t arrivals;
    std::optional<Duration> open_time;
    std::size_t idle;
  } cases[] = {
      {100, milliseconds(50), 14},   // load 5
      {100, std::nullopt, 14},       // 50 ms is assumed
      {100, milliseconds(500), 71},  // load 50
      {100, milliseconds(1), 3},     // load 0.1
      {0, milliseconds(50), 0},
  };
  for (const auto& c : cases) {
    PoolSizer sizer(predictive(0, 500), 1);
    PoolDemand demand = arrivals({c.arrivals});
    demand.open_time = c.open_time;
    EXPECT_EQ(sizer.plan(demand, kInterval), (PoolPlan{c.idle, {c.idle}})) << c.arrivals << ", at once";
    EXPECT_EQ(plan_many(sizer, demand, 300), (PoolPlan{c.idle, {c.idle}})) << c.arrivals << ", for long";
  }
}

TEST(PoolSizerTest, PredictionTakesTheLengthOfTheIntervalIntoAccount) {
  PoolSizer sizer(predictive(0, 500), 1);
  EXPECT_EQ(sizer.plan(arrivals({1000}), seconds(10)).idle, Shares{14});
  EXPECT_EQ(sizer.plan(arrivals({10}), milliseconds(100)).idle, Shares{14});
}

TEST(PoolSizerTest, PredictionFollowsAStepWithinSecondsAndForgetsSlowly) {
  PoolSizer sizer(predictive(0, 500), 1);
  EXPECT_EQ(total(plan_many(sizer, arrivals({20}), 300)), links_for_load(1, 0.001, 500));
  EXPECT_GE(total(plan_many(sizer, arrivals({200}), 4)), links_for_load(8, 0.001, 500));
  plan_many(sizer, arrivals({200}), 60);
  EXPECT_GE(total(plan_many(sizer, arrivals({0}), 30)), links_for_load(2, 0.001, 500));
}

TEST(PoolSizerTest, PredictionEndsWithTheTraffic) {
  PoolSizer sizer(predictive(0, 500), 2);
  plan_many(sizer, arrivals({200, 0}), 60);
  EXPECT_EQ(total(plan_many(sizer, arrivals({0, 0}), 3600)), 0U);
}

TEST(PoolSizerTest, PredictionSmoothsTheOpenTime) {
  PoolSizer sizer(predictive(0, 500), 1);
  PoolDemand demand = arrivals({100});
  demand.open_time = milliseconds(10);
  sizer.plan(demand, kInterval);
  demand.open_time = milliseconds(110);
  EXPECT_EQ(sizer.plan(demand, kInterval).idle, Shares{links_for_load(100 * 0.04, 0.001, 500)});
  demand.open_time.reset();
  EXPECT_EQ(sizer.plan(demand, kInterval).idle, Shares{links_for_load(100 * 0.04, 0.001, 500)}) << "kept";
}

TEST(PoolSizerTest, PredictionGivesEachWorkerItsOwnNumber) {
  PoolSizer sizer(predictive(5, 500), 3);
  const PoolPlan plan = plan_many(sizer, arrivals({100, 20, 0}), 100);
  EXPECT_EQ(plan.idle, (Shares{14, links_for_load(1, 0.001, 500), 0}));
}

TEST(PoolSizerTest, PredictionStaysWithinItsBounds) {
  PoolSizer quiet(predictive(20, 500), 2);
  EXPECT_EQ(total(plan_many(quiet, arrivals({5, 5}), 100)), 20U);
  PoolSizer busy(predictive(20, 100), 2);
  const PoolPlan plan = plan_many(busy, arrivals({30'000, 10'000}), 600);
  EXPECT_EQ(plan.idle, (Shares{75, 25}));
  EXPECT_EQ(plan.target, 100U);
}

TEST(PoolSizerTest, PredictiveTargetIsIdleAndInUse) {
  PoolSizer sizer(predictive(20, 500), 2);
  EXPECT_EQ(sizer.plan(sessions({30, 10}), kInterval).target, 60U);
  EXPECT_EQ(sizer.scale_ups(), 1U);
  EXPECT_EQ(sizer.plan(sessions({0, 0}), kInterval).target, 20U);
  EXPECT_EQ(sizer.scale_downs(), 1U);
}

TEST(PoolSizerTest, ApportionsByArrivals) {
  const struct {
    std::size_t total;
    std::uint64_t first;
    std::uint64_t second;
    Shares expected;
  } cases[] = {
      {40, 3000, 1000, {30, 10}}, {40, 1000, 3000, {10, 30}}, {40, 2000, 2000, {20, 20}},
      {40, 0, 9000, {0, 40}},     {1, 100, 10'000, {0, 1}},   {0, 100, 200, {0, 0}},
  };
  for (const auto& c : cases) {
    PoolSizer sizer(fixed(c.total), 2);
    EXPECT_EQ(plan_many(sizer, arrivals({c.first, c.second}), 1000).idle, c.expected)
        << c.total << " by " << c.first << ":" << c.second;
  }
}

TEST(PoolSizerTest, AlwaysGivesOutTheWholeTotal) {
  Random random(1);
  PoolSizer sizer(dynamic(7, 200, 0.3), 5);
  for (int i = 0; i < 2000; ++i) {
    PoolDemand demand;
    std::uint64_t in_use = 0;
    for (int worker = 0; worker < 5; ++worker) {
      demand.workers.push_back({random.below(300), random.below(30), 30});
      in_use += demand.workers.back().in_use;
    }
    const PoolPlan plan = sizer.plan(demand, kInterval);
    const auto buffer = static_cast<std::size_t>(std::ceil(static_cast<double>(plan.target) * 0.3 - 1e-9));
    EXPECT_EQ(total(plan), std::max(plan.target - std::min<std::size_t>(plan.target, in_use), buffer));
  }
}

TEST(PoolSizerTest, AFewArrivalsThrowNoLinksAbout) {
  PoolSizer sizer(fixed(20), 2);
  for (int i = 0; i < 600; ++i) {
    const std::uint64_t came = i % 7 == 0 ? 1 : 0;
    EXPECT_EQ(sizer.plan(arrivals({i % 2 == 0 ? came : 0, i % 2 == 0 ? 0 : came}), kInterval).idle,
              (Shares{10, 10}));
  }
}

std::size_t moved(const PoolPlan& before, const PoolPlan& after) {
  std::size_t links = 0;
  for (std::size_t i = 0; i < before.idle.size(); ++i) {
    links += after.idle[i] > before.idle[i] ? after.idle[i] - before.idle[i] : 0;
  }
  return links;
}

TEST(PoolSizerTest, SharesRestWhileArrivalsOnlyWaver) {
  Random random(3);
  PoolSizer sizer(fixed(50), 4);
  PoolPlan before = sizer.first_plan();
  std::size_t links = 0;
  for (int i = 0; i < 3600; ++i) {
    PoolDemand demand;
    for (int worker = 0; worker < 4; ++worker) demand.workers.push_back({20 + random.below(21), 0, 0});
    const PoolPlan plan = sizer.plan(demand, kInterval);
    links += moved(before, plan);
    before = plan;
  }
  EXPECT_LE(links, 20U) << "moved in an hour, for 432,000 arrivals";
}

TEST(PoolSizerTest, AChangedTotalMovesNoMoreThanItChanges) {
  PoolSizer sizer(dynamic(20, 20), 3);
  PoolPlan before = sizer.plan(sessions({0, 0, 0}), kInterval);
  for (const std::uint64_t in_use : {1U, 2U, 1U, 0U, 3U, 4U, 2U, 0U}) {
    const PoolPlan plan = sizer.plan(sessions({in_use, 0, 0}), kInterval);
    const std::size_t grown = total(plan) > total(before) ? total(plan) - total(before) : 0;
    EXPECT_EQ(moved(before, plan), grown) << in_use << " in use";
    before = plan;
  }
}

TEST(PoolSizerTest, RemaindersGoRoundAsTheTotalChanges) {
  PoolSizer sizer(dynamic(3, 3, 0), 3);
  Shares received(3);
  for (int i = 0; i < 30; ++i) {
    const PoolPlan plan = sizer.plan(sessions({2, 0, 0}), kInterval);  // one link for three workers
    ASSERT_EQ(total(plan), 1U);
    for (std::size_t worker = 0; worker < 3; ++worker) received[worker] += plan.idle[worker];
    sizer.plan(sessions({0, 0, 0}), kInterval);
  }
  EXPECT_EQ(received, (Shares{10, 10, 10}));
}

TEST(PoolSizerTest, RemaindersGoRoundInProportionToTheArrivals) {
  PoolSizer sizer(dynamic(2, 2, 0), 2);
  Shares received(2);
  PoolDemand demand = arrivals({3000, 1000});
  plan_many(sizer, demand, 1000);
  for (int i = 0; i < 200; ++i) {
    demand.workers[0].in_use = i % 2 == 0 ? 1 : 0;
    const PoolPlan plan = sizer.plan(demand, kInterval);  // one link or two for two workers
    for (std::size_t worker = 0; worker < 2; ++worker) received[worker] += plan.idle[worker];
  }
  EXPECT_EQ(received[0] + received[1], 300U);
  EXPECT_NEAR(static_cast<double>(received[1]), 75, 5);
}

}  // namespace
}  // namespace fwd
