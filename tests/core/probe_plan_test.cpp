#include "core/probe_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <vector>

namespace fwd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// Keys count from 1 in the order of adding.
class ProbePlanTest : public testing::Test {
 protected:
  void add(unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      const auto byte = static_cast<std::uint8_t>(board.records().size() + 1);
      board.add({{IpAddress{false, {10, 0, 0, byte}}, 80}});
    }
  }
  // Probed `ago` before now and answered in `ms`.
  void answered(BackendKey key, int ms, Duration ago = {}) {
    board.probe_started(key, now - ago);
    board.probe_succeeded(key, milliseconds(ms), now - ago);
  }
  void ejected(BackendKey key, Duration ago = {}) {
    answered(key, 10, ago);
    for (int i = 0; i < 3; ++i) board.probe_failed(key, DialError::refused, now - ago);
    ASSERT_TRUE(board.find(key)->ejection.ejected());
  }
  std::vector<BackendKey> plan(std::size_t others, std::vector<BackendKey> active = {}) {
    config.probe_candidate_count = others;
    std::vector<BackendKey> keys;
    for (const PlannedProbe& probe : plan_probes(board, active, config, random)) keys.push_back(probe.key);
    return keys;
  }

  Scoreboard board{{}, {}};
  ProbingConfig config;
  Random random{1};
  TimePoint now{seconds(100000)};
};

TEST_F(ProbePlanTest, NothingToProbeIsAnEmptyRound) { EXPECT_THAT(plan(10), IsEmpty()); }

TEST_F(ProbePlanTest, EveryMemberIsProbedOnceAndFirst) {
  add(5);
  for (BackendKey key = 1; key <= 5; ++key) answered(key, 10);
  EXPECT_THAT(plan(0, {4, 2}), ElementsAre(4, 2));
  EXPECT_THAT(plan(10, {4, 2}), UnorderedElementsAre(1, 2, 3, 4, 5));
}

TEST_F(ProbePlanTest, HalfAreTheBestStandbysAndHalfTheLongestUnprobed) {
  add(7);
  // The lower the key, the better and the more recently probed.
  for (BackendKey key = 1; key <= 7; ++key) {
    answered(key, 100 * static_cast<int>(key), seconds(10 * static_cast<int>(key)));
  }
  EXPECT_THAT(plan(4, {1}), ElementsAre(1, 2, 3, 7, 6));
  EXPECT_THAT(plan(3, {1}), ElementsAre(1, 2, 3, 7)) << "the half is rounded up";
  EXPECT_THAT(plan(1, {1}), ElementsAre(1, 2));
}

TEST_F(ProbePlanTest, NeverProbedComesBeforeLongestUnprobed) {
  add(4);
  answered(1, 10, seconds(900));
  answered(2, 10, seconds(100));
  EXPECT_THAT(plan(4), ElementsAre(1, 2, 3, 4)) << "both standbys, then the two never probed";
  EXPECT_THAT(plan(2), ElementsAre(1, 3));
}

TEST_F(ProbePlanTest, RecoveringComeBeforeStandbysThoseThatAnswerFirst) {
  add(6);
  for (BackendKey key = 1; key <= 4; ++key) answered(key, 10);
  ejected(5, seconds(30));
  ejected(6, seconds(10));
  board.probe_succeeded(6, milliseconds(10), now);
  // 4 others: 1 recovering (half of the half), 1 standby, then the longest unprobed, which is 5.
  EXPECT_THAT(plan(4), ElementsAre(6, 1, 5, 2));
}

TEST_F(ProbePlanTest, ManyDeadOnesDoNotCrowdOutTheStandbys) {
  add(30);
  for (BackendKey key = 1; key <= 20; ++key) ejected(key, seconds(100));
  for (BackendKey key = 21; key <= 30; ++key) answered(key, 10);
  // 10 others: 3 recovering, 2 standbys, 5 longest unprobed.
  EXPECT_THAT(plan(10), ElementsAre(1, 2, 3, 21, 22, 4, 5, 6, 7, 8));
}

TEST_F(ProbePlanTest, LongestUnprobedTakeWhatStandbysCannotFill) {
  add(8);
  EXPECT_THAT(plan(4), ElementsAre(1, 2, 3, 4)) << "nobody has answered yet";
}

TEST_F(ProbePlanTest, EveryCandidateHasItsTurn) {
  add(40);
  for (BackendKey key = 1; key <= 40; ++key) answered(key, static_cast<int>(key));
  std::vector<bool> probed(41, false);
  for (int round = 0; round < 8; ++round) {  // 40 candidates, 5 longest unprobed a round
    now += seconds(15);
    for (const BackendKey key : plan(10)) {
      probed[key] = true;
      answered(key, static_cast<int>(key));
    }
  }
  EXPECT_EQ(std::accumulate(probed.begin(), probed.end(), 0), 40);
}

TEST_F(ProbePlanTest, UnlistedAreLeftOut) {
  add(3);
  board.unlist(1);
  board.unlist(2);
  EXPECT_THAT(plan(10, {1, 99}), ElementsAre(3));
}

TEST_F(ProbePlanTest, ProbesAreSpreadEachWithinItsOwnShare) {
  add(10);
  config.interval = seconds(10);
  const std::vector<PlannedProbe> plan = plan_probes(board, {}, config, random);
  ASSERT_EQ(plan.size(), 10U);
  bool jittered = false;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const Duration share_begin = seconds(static_cast<int>(i));
    EXPECT_GE(plan[i].offset, share_begin);
    EXPECT_LT(plan[i].offset, share_begin + seconds(1));
    jittered = jittered || plan[i].offset != share_begin;
  }
  EXPECT_TRUE(jittered);
}

TEST_F(ProbePlanTest, SameSeedSamePlan) {
  add(10);
  Random a(7);
  Random b(7);
  const auto first = plan_probes(board, {}, config, a);
  const auto second = plan_probes(board, {}, config, b);
  ASSERT_EQ(first.size(), second.size());
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].offset, second[i].offset);
}

}  // namespace
}  // namespace fwd
