#include "core/balancer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>

namespace fwd {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

constexpr std::array kAll = {BalancingAlgorithm::least_connections, BalancingAlgorithm::round_robin,
                             BalancingAlgorithm::random, BalancingAlgorithm::p2c,
                             BalancingAlgorithm::source_hash};
constexpr std::uint64_t kSeed = 7;

// A member for each entry of `in_use`; member i has key 100 + i and address 10.0.0.(i + 1):80.
ActiveSet set_of(const std::vector<int>& in_use, Duration connect_time = std::chrono::milliseconds(1)) {
  ActiveSet set;
  for (std::size_t i = 0; i < in_use.size(); ++i) {
    const IpAddress ip{false, {10, 0, 0, static_cast<std::uint8_t>(i + 1)}};
    set.members.push_back({100 + i, {{ip, 80}}, std::make_shared<BackendLoad>(), connect_time});
    for (int n = 0; n < in_use[i]; ++n) set.members.back().load->begin();
  }
  return set;
}

IpAddress client(std::uint32_t n) {
  return {false,
          {198, static_cast<std::uint8_t>(n >> 16), static_cast<std::uint8_t>(n >> 8),
           static_cast<std::uint8_t>(n)}};
}

// How often each member is picked, by `picks` clients in a row.
std::vector<int> tally(BalancingAlgorithm algorithm, const ActiveSet& set, std::uint32_t picks,
                       std::vector<BackendKey> tried = {}) {
  Balancer balancer(algorithm, Random(kSeed));
  std::vector<int> counts(set.members.size());
  for (std::uint32_t n = 0; n < picks; ++n) ++counts.at(balancer.pick(set, client(n), tried).value());
  return counts;
}

auto near(int expected, int tolerance) {
  return ::testing::AllOf(::testing::Ge(expected - tolerance), ::testing::Le(expected + tolerance));
}

TEST(BalancerTest, NamesEveryAlgorithm) {
  for (const BalancingAlgorithm algorithm : kAll) {
    EXPECT_EQ(parse_balancing_algorithm(to_string(algorithm)), algorithm);
  }
  EXPECT_EQ(to_string(BalancingAlgorithm::p2c), "p2c");
  EXPECT_EQ(parse_balancing_algorithm("least_connections"), BalancingAlgorithm::least_connections);
  EXPECT_EQ(parse_balancing_algorithm("Random"), std::nullopt);
  EXPECT_EQ(parse_balancing_algorithm(""), std::nullopt);
}

TEST(BalancerTest, PicksNothingFromAnEmptySetOrWhenAllWereTried) {
  const ActiveSet set = set_of({0, 0});
  const std::vector<BackendKey> both = {101, 100};
  for (const BalancingAlgorithm algorithm : kAll) {
    Balancer balancer(algorithm, Random(kSeed));
    EXPECT_EQ(balancer.pick({}, client(1), {}), std::nullopt) << to_string(algorithm);
    EXPECT_EQ(balancer.pick(set, client(1), both), std::nullopt) << to_string(algorithm);
  }
}

TEST(BalancerTest, TakesTheOnlyOneThatWasNotTried) {
  const ActiveSet set = set_of({0, 9, 0});
  for (const BalancingAlgorithm algorithm : kAll) {
    EXPECT_THAT(tally(algorithm, set, 50, {100, 102, 999}), ElementsAre(0, 50, 0)) << to_string(algorithm);
  }
}

TEST(BalancerTest, RepeatsItselfWithTheSameSeed) {
  const ActiveSet set = set_of({0, 0, 0, 0});
  for (const BalancingAlgorithm algorithm : kAll) {
    Balancer one(algorithm, Random(kSeed));
    Balancer two(algorithm, Random(kSeed));
    for (std::uint32_t n = 0; n < 100; ++n) {
      ASSERT_EQ(one.pick(set, client(n), {}), two.pick(set, client(n), {})) << to_string(algorithm);
    }
  }
}

TEST(BalancerTest, LeastConnectionsTakesTheLeastLoaded) {
  EXPECT_THAT(tally(BalancingAlgorithm::least_connections, set_of({3, 1, 2}), 100), ElementsAre(0, 100, 0));
  EXPECT_THAT(tally(BalancingAlgorithm::least_connections, set_of({3, 1, 2}), 100, {101}),
              ElementsAre(0, 0, 100));
}

TEST(BalancerTest, LeastConnectionsBreaksTiesEvenly) {
  const auto counts = tally(BalancingAlgorithm::least_connections, set_of({1, 0, 0, 1, 0}), 30'000);
  EXPECT_THAT(counts, ElementsAre(0, near(10'000, 300), near(10'000, 300), 0, near(10'000, 300)));
}

TEST(BalancerTest, LeastConnectionsKeepsLoadsLevel) {
  const ActiveSet set = set_of({0, 0, 0});
  Balancer balancer(BalancingAlgorithm::least_connections, Random(kSeed));
  for (std::uint32_t n = 0; n < 300; ++n)
    set.members[balancer.pick(set, client(n), {}).value()].load->begin();
  for (const ActiveMember& member : set.members) EXPECT_EQ(member.load->in_use(), 100U);
}

TEST(BalancerTest, RoundRobinGoesInTurnWhateverTheLoad) {
  const ActiveSet set = set_of({5, 0, 0});
  Balancer balancer(BalancingAlgorithm::round_robin, Random(kSeed));
  const std::size_t first = balancer.pick(set, client(0), {}).value();
  for (std::size_t n = 1; n < 10; ++n) EXPECT_EQ(balancer.pick(set, client(0), {}), (first + n) % 3);
}

TEST(BalancerTest, RoundRobinStartsAnywhereSoThatWorkersDiffer) {
  const ActiveSet set = set_of({0, 0, 0});
  std::vector<int> firsts(3);
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    ++firsts.at(Balancer(BalancingAlgorithm::round_robin, Random(seed)).pick(set, client(0), {}).value());
  }
  EXPECT_THAT(firsts, Each(near(1000, 100)));
}

TEST(BalancerTest, RoundRobinPassesOverTriedOnesAndGoesOnBehindThem) {
  const ActiveSet set = set_of({0, 0, 0});
  Balancer balancer(BalancingAlgorithm::round_robin, Random(kSeed));
  while (balancer.pick(set, client(0), {}) != 0U) continue;
  const std::vector<BackendKey> tried = {101};
  EXPECT_EQ(balancer.pick(set, client(0), tried), 2U);
  EXPECT_EQ(balancer.pick(set, client(0), {}), 0U);
}

TEST(BalancerTest, RoundRobinSurvivesASmallerSet) {
  Balancer balancer(BalancingAlgorithm::round_robin, Random(kSeed));
  while (balancer.pick(set_of({0, 0, 0, 0, 0}), client(0), {}) != 4U) continue;
  const ActiveSet smaller = set_of({0, 0});
  const std::size_t first = balancer.pick(smaller, client(0), {}).value();
  EXPECT_EQ(balancer.pick(smaller, client(0), {}), 1 - first);
}

TEST(BalancerTest, RandomIsUniformWhateverTheLoad) {
  EXPECT_THAT(tally(BalancingAlgorithm::random, set_of({9, 0, 5, 0}), 40'000), Each(near(10'000, 300)));
  EXPECT_THAT(tally(BalancingAlgorithm::random, set_of({0, 0, 0}), 20'000, {101}),
              ElementsAre(near(10'000, 300), 0, near(10'000, 300)));
}

TEST(BalancerTest, P2cTakesTheLessLoadedOfTwo) {
  // Each pair comes up equally often and the lower load wins it: 2, 1 and 0 of the 3 pairs.
  EXPECT_THAT(tally(BalancingAlgorithm::p2c, set_of({0, 1, 2}), 30'000),
              ElementsAre(near(20'000, 300), near(10'000, 300), 0));
  EXPECT_THAT(tally(BalancingAlgorithm::p2c, set_of({1, 1, 1}), 30'000), Each(near(10'000, 300)));
  EXPECT_THAT(tally(BalancingAlgorithm::p2c, set_of({0, 1, 2}), 100, {100}), ElementsAre(0, 100, 0));
  EXPECT_THAT(tally(BalancingAlgorithm::p2c, set_of({5}), 10), ElementsAre(10));
}

TEST(BalancerTest, P2cWeighsLoadByConnectTime) {
  const struct {
    std::vector<int> in_use;
    std::array<int, 2> connect_ms;
    std::size_t expected;
  } cases[] = {
      {{0, 0}, {10, 20}, 0},  // the nearer one
      {{2, 0}, {10, 20}, 1},  // 3 x 10 against 1 x 20
      {{2, 0}, {10, 40}, 0},  // 3 x 10 against 1 x 40
      {{0, 1}, {20, 0}, 0},   // one not measured: by load alone
      {{1, 0}, {1, 0}, 1},
  };
  for (const auto& c : cases) {
    ActiveSet set = set_of(c.in_use);
    for (std::size_t i = 0; i < 2; ++i)
      set.members[i].connect_time = std::chrono::milliseconds(c.connect_ms[i]);
    EXPECT_EQ(tally(BalancingAlgorithm::p2c, set, 20)[c.expected], 20)
        << c.in_use[0] << " x " << c.connect_ms[0] << " against " << c.in_use[1] << " x " << c.connect_ms[1];
  }
}

TEST(BalancerTest, SourceHashKeepsAClientOnItsMember) {
  ActiveSet set = set_of({0, 0, 0, 0, 0});
  Balancer one(BalancingAlgorithm::source_hash, Random(1));
  Balancer two(BalancingAlgorithm::source_hash, Random(2));
  for (std::uint32_t n = 0; n < 1000; ++n) {
    const std::size_t member = one.pick(set, client(n), {}).value();
    set.members[member].load->begin();
    ASSERT_EQ(two.pick(set, client(n), {}), member);
  }
}

TEST(BalancerTest, SourceHashSpreadsNeighbouringClientsEvenly) {
  EXPECT_THAT(tally(BalancingAlgorithm::source_hash, set_of({0, 0, 0, 0, 0}), 10'000), Each(near(2000, 150)));
}

TEST(BalancerTest, SourceHashMovesOnlyTheClientsOfTheMemberThatLeft) {
  const ActiveSet before = set_of({0, 0, 0, 0, 0});
  ActiveSet after = before;
  after.members.erase(after.members.begin() + 2);
  Balancer balancer(BalancingAlgorithm::source_hash, Random(kSeed));
  std::vector<int> taken_over(5);
  for (std::uint32_t n = 0; n < 10'000; ++n) {
    const auto& old_member = before.members[balancer.pick(before, client(n), {}).value()];
    const auto& new_member = after.members[balancer.pick(after, client(n), {}).value()];
    if (old_member.key == 102) {
      ++taken_over[new_member.key - 100];
    } else {
      ASSERT_EQ(new_member.key, old_member.key) << "client " << n;
    }
  }
  EXPECT_THAT(taken_over, ElementsAre(near(500, 75), near(500, 75), 0, near(500, 75), near(500, 75)));
}

TEST(BalancerTest, SourceHashFallsBackToWhereTheClientWouldGoWithoutTheTriedOne) {
  const ActiveSet set = set_of({0, 0, 0, 0, 0});
  Balancer balancer(BalancingAlgorithm::source_hash, Random(kSeed));
  for (std::uint32_t n = 0; n < 1000; ++n) {
    const std::size_t best = balancer.pick(set, client(n), {}).value();
    const std::vector<BackendKey> tried = {set.members[best].key};
    ActiveSet rest = set;
    rest.members.erase(rest.members.begin() + static_cast<std::ptrdiff_t>(best));
    const std::size_t second = balancer.pick(set, client(n), tried).value();
    ASSERT_EQ(set.members[second].key, rest.members[balancer.pick(rest, client(n), {}).value()].key);
  }
}

TEST(BalancerTest, SourceHashDoesNotDependOnTheOrderOfMembers) {
  const ActiveSet set = set_of({0, 0, 0});
  const ActiveSet reversed{{set.members.rbegin(), set.members.rend()}};
  Balancer balancer(BalancingAlgorithm::source_hash, Random(kSeed));
  for (std::uint32_t n = 0; n < 1000; ++n) {
    ASSERT_EQ(balancer.pick(set, client(n), {}).value(), 2 - balancer.pick(reversed, client(n), {}).value());
  }
}

}  // namespace
}  // namespace fwd
