#include "core/selector.h"

#include <gtest/gtest.h>

#include <map>
#include <string_view>

#include "core/selector_fixture.h"

namespace fwd {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class SelectorTest : public SelectorFixture {};

TEST_F(SelectorTest, FirstDecisionTakesTheBest) {
  set({{'a', 60}, {'b', 90}, {'c', 70}, {'d', 80}});
  expect("bdc", DecisionReason::initial);
  EXPECT_EQ(changes(), "+b+d+c");
  EXPECT_FALSE(decision.panic);
  EXPECT_TRUE(selector.contains(key('b')));
  EXPECT_FALSE(selector.contains(key('a')));
}

TEST_F(SelectorTest, NoCandidatesGiveAnEmptySetAndTheStartIsStillAhead) {
  expect("", DecisionReason::unchanged);
  EXPECT_FALSE(decision.panic);
  set('a', 50);
  expect("a", DecisionReason::initial);
}

TEST_F(SelectorTest, TiesBreakByAddress) {
  set({{'d', 50}, {'b', 50}, {'c', 50}, {'a', 50}});
  expect("abc", DecisionReason::initial);
}

TEST_F(SelectorTest, TiesBreakByLatencyBeforeAddress) {
  ScoringConfig flat = last_latency_only();
  flat.latency.base = milliseconds(50);  // all points up to 50 ms
  flat.latency.max_acceptable = milliseconds(51);
  board = Scoreboard(flat, config.ejection);
  for (const auto& [name, ms] : std::map<char, int>{{'a', 40}, {'b', 30}, {'c', 20}, {'d', 10}}) {
    board.probe_succeeded(key(name), milliseconds(ms), now);
  }
  expect("dcb", DecisionReason::initial);
}

TEST_F(SelectorTest, SettledSetStaysUnchanged) {
  set({{'a', 90}, {'b', 80}, {'c', 70}, {'d', 60}});
  evaluate();
  now += minutes(5);
  expect("abc", DecisionReason::unchanged);
  EXPECT_EQ(changes(), "");
  EXPECT_FALSE(decision.considered);
}

TEST_F(SelectorTest, MembersAreOrderedByTheirScoresOfTheMoment) {
  set({{'a', 90}, {'b', 80}, {'c', 70}});
  evaluate();
  set('c', 95);
  expect("cab", DecisionReason::unchanged);
}

TEST_F(SelectorTest, BetterOutsiderComesInAfterTheDebounce) {
  set({{'a', 90}, {'b', 80}, {'c', 70}, {'d', 60}});
  evaluate();
  now += minutes(1);
  set('d', 75);  // 5 more than c: just enough
  expect("abd", DecisionReason::improved);
  EXPECT_EQ(changes(), "-c+d");
  EXPECT_EQ(decision.changes[0].out_score, 70);
  EXPECT_EQ(decision.changes[0].in_score, 75);
}

TEST_F(SelectorTest, IgnoresFlapShorterThanDebounce) {
  set({{'a', 90}, {'b', 80}, {'c', 70}, {'d', 60}});
  evaluate();
  const struct {
    int second;
    int d_scores;
    DecisionReason reason;
  } script[] = {
      {10, 99, DecisionReason::held_by_debounce},  // d shines ...
      {40, 99, DecisionReason::held_by_debounce}, {59, 99, DecisionReason::held_by_debounce},
      {60, 60, DecisionReason::unchanged},  // ... and is over it when the debounce is
      {90, 60, DecisionReason::unchanged},
  };
  const TimePoint start = now;
  for (const auto& step : script) {
    now = start + seconds(step.second);
    set('d', step.d_scores);
    expect("abc", step.reason);
    EXPECT_EQ(changes(), "");
  }
}

TEST_F(SelectorTest, HeldByDebounceNamesThePair) {
  set({{'a', 90}, {'b', 80}, {'c', 70}, {'d', 60}});
  evaluate();
  now += seconds(59);
  set('d', 88);
  expect("abc", DecisionReason::held_by_debounce);
  ASSERT_TRUE(decision.considered);
  EXPECT_EQ(decision.considered->out, key('c'));
  EXPECT_EQ(decision.considered->in, key('d'));
  EXPECT_EQ(decision.considered->out_score, 70);
  EXPECT_EQ(decision.considered->in_score, 88);
  now += seconds(1);
  expect("adb", DecisionReason::improved);
  EXPECT_FALSE(decision.considered);
}

TEST_F(SelectorTest, SmallGainIsHeldByThreshold) {
  set({{'a', 90}, {'b', 80}, {'c', 70}, {'d', 60}});
  evaluate();
  set('d', 74);
  for (const Duration wait : {Duration(seconds(30)), Duration(minutes(10))}) {
    now += wait;
    expect("abc", DecisionReason::held_by_threshold);
    ASSERT_TRUE(decision.considered);
    EXPECT_EQ(decision.considered->in, key('d'));
  }
}

TEST_F(SelectorTest, EqualScoresNeverSwapEvenWithoutThreshold) {
  config.score_improvement_threshold = 0;
  selector = Selector(config);
  set({{'b', 50}, {'c', 50}, {'d', 50}});
  evaluate();
  set('a', 50);  // would win the tie by its address
  now += minutes(10);
  expect("bcd", DecisionReason::unchanged);
}

TEST_F(SelectorTest, SwapsEveryPairThatGainsInOneChange) {
  set({{'a', 90}, {'b', 60}, {'c', 50}, {'d', 20}, {'e', 20}, {'f', 20}});
  evaluate();
  now += minutes(1);
  set({{'d', 95}, {'e', 70}, {'f', 65}});  // d for c (+45), e for b (+10), f for a not
  expect("dae", DecisionReason::improved);
  EXPECT_EQ(changes(), "-c+d-b+e");
}

TEST_F(SelectorTest, PairBelowTheThresholdIsLeftOutOfTheChange) {
  set({{'a', 90}, {'b', 60}, {'c', 50}, {'d', 20}, {'e', 20}});
  evaluate();
  now += minutes(1);
  set({{'d', 95}, {'e', 64}});  // d for c (+45); e for b is only +4
  expect("dab", DecisionReason::improved);
  EXPECT_EQ(changes(), "-c+d");
}

TEST_F(SelectorTest, NecessaryChangeStartsTheDebounceAnew) {
  set({{'a', 90}, {'b', 80}, {'c', 70}, {'d', 60}, {'e', 50}});
  evaluate();
  now += minutes(10);
  fail('a', 3);
  expect("bcd", DecisionReason::member_ejected);
  set('e', 99);
  now += seconds(59);
  expect("bcd", DecisionReason::held_by_debounce);
  now += seconds(1);
  expect("ebc", DecisionReason::improved);
}

TEST_F(SelectorTest, HoldingDoesNotStartTheDebounceAnew) {
  set({{'a', 90}, {'b', 80}, {'c', 70}, {'d', 60}});
  evaluate();
  set('d', 99);
  for (int i = 0; i < 2; ++i) {
    now += seconds(20);
    expect("abc", DecisionReason::held_by_debounce);
  }
  now += seconds(20);
  expect("dab", DecisionReason::improved);
}

TEST(DecisionReasonTest, NamesAreThoseOfTheMetrics) {
  const std::map<DecisionReason, std::string_view> names = {
      {DecisionReason::initial, "initial"},
      {DecisionReason::improved, "improved"},
      {DecisionReason::member_ejected, "member_ejected"},
      {DecisionReason::member_left, "member_left"},
      {DecisionReason::below_threshold, "below_threshold"},
      {DecisionReason::filled, "filled"},
      {DecisionReason::held_by_debounce, "held_by_debounce"},
      {DecisionReason::held_by_threshold, "held_by_threshold"},
      {DecisionReason::unchanged, "unchanged"},
      {DecisionReason::panic, "panic"},
      {DecisionReason::panic_over, "panic_over"},
  };
  EXPECT_EQ(names.size(), kDecisionReasonCount);
  for (const auto& [reason, name] : names) EXPECT_EQ(to_string(reason), name);
}

}  // namespace
}  // namespace fwd
