#include "core/selector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace fwd {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::SizeIs;

// Backends are letters. A score is set by one probe: scoring is arranged so that it is 100 less the last
// latency in milliseconds, and so that failures do not touch it. The clock moves only when a test moves it.
class SelectorTest : public testing::Test {
 protected:
  static ScoringConfig last_latency_only() {
    ScoringConfig config;
    config.latency = {.max_score = 100, .ewma_alpha = 1, .base = {}, .max_acceptable = milliseconds(100)};
    config.jitter.max_score = 0;
    config.success_rate.max_score = 0;
    config.failure_penalty.base_penalty = 0;
    config.historical_bonus.max_bonus = 0;
    return config;
  }

  BackendKey key(char name) {
    return board.add({{IpAddress{false, {10, 0, 0, static_cast<std::uint8_t>(name)}}, 80}});
  }
  void list(std::string_view names) {
    for (const char name : names) key(name);
  }
  void set(char name, int points) { board.probe_succeeded(key(name), milliseconds(100 - points), now); }
  void set(const std::map<char, int>& points) {
    for (const auto& [name, value] : points) set(name, value);
  }
  void fail(char name, int times = 1) {
    for (int i = 0; i < times; ++i) board.probe_failed(key(name), DialError::refused, now);
  }
  // Ends the first hold-down with the successes that it takes.
  void readmit(char name, int points) {
    now += config.ejection.hold_down_base;
    for (unsigned i = 0; i < config.ejection.readmit_after; ++i) set(name, points);
  }
  const Decision& evaluate() { return decision = selector.evaluate(board, now); }
  // The members, best first, as letters.
  std::string members() const {
    std::string names;
    for (const BackendKey member : decision.members) names += name_of(member);
    return names;
  }
  // Changes as "-a+b".
  std::string changes() const {
    std::string text;
    for (const MemberChange& change : decision.changes) {
      if (change.out) text += std::string("-") + name_of(*change.out);
      if (change.in) text += std::string("+") + name_of(*change.in);
    }
    return text;
  }
  char name_of(BackendKey wanted) const {
    const BackendRecord* record = board.find(wanted);
    return record ? static_cast<char>(record->id.endpoint.ip.bytes[3]) : '?';
  }
  void expect(std::string_view set_of, DecisionReason reason) {
    evaluate();
    EXPECT_EQ(members(), set_of);
    EXPECT_EQ(to_string(decision.reason), to_string(reason));
  }

  SelectorConfig config;
  Scoreboard board{last_latency_only(), config.ejection};
  Selector selector{config};
  Decision decision;
  TimePoint now{seconds(100000)};
};

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

TEST_F(SelectorTest, EjectedMemberLeavesAtOnceEvenWithinTheDebounce) {
  set({{'a', 90}, {'b', 80}, {'c', 70}, {'d', 60}});
  evaluate();
  now += seconds(1);
  fail('a', 2);
  expect("abc", DecisionReason::unchanged);
  fail('a');
  expect("bcd", DecisionReason::member_ejected);
  EXPECT_EQ(changes(), "-a+d");
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

TEST_F(SelectorTest, MemberBelowTheThresholdLeavesAtOnce) {
  set({{'a', 90}, {'b', 80}, {'c', 15}, {'d', 14}});
  expect("abc", DecisionReason::initial);  // 15 is enough, 14 is not
  set({{'c', 14}, {'d', 15}});
  expect("abd", DecisionReason::below_threshold);
  EXPECT_EQ(changes(), "-c+d");
}

TEST_F(SelectorTest, MemberOffTheListLeavesAtOnce) {
  set({{'a', 90}, {'b', 80}, {'c', 70}, {'d', 60}});
  evaluate();
  board.unlist(key('b'));
  expect("acd", DecisionReason::member_left);
  EXPECT_EQ(changes(), "-b+d");
  EXPECT_EQ(decision.changes[0].out_score, 80);
}

TEST_F(SelectorTest, ForgottenMemberLeavesToo) {
  set({{'a', 90}, {'b', 80}, {'c', 70}});
  evaluate();
  board.forget(key('a'));
  expect("bc", DecisionReason::member_left);
  EXPECT_EQ(changes(), "-?");
}

TEST_F(SelectorTest, SmallSetIsFilledAtOnce) {
  set({{'a', 90}, {'b', 80}});
  list("cd");
  expect("ab", DecisionReason::initial);
  now += seconds(1);
  set({{'c', 40}, {'d', 50}});
  expect("abd", DecisionReason::filled);
  EXPECT_EQ(changes(), "+d");
}

TEST_F(SelectorTest, SeveralReasonsGoByTheWeightiest) {
  set({{'a', 90}, {'b', 80}, {'c', 70}, {'d', 60}});
  evaluate();
  board.unlist(key('a'));
  set('b', 10);
  fail('c', 3);
  set({{'e', 50}});
  expect("de", DecisionReason::member_ejected);
  ASSERT_THAT(decision.changes, SizeIs(3));
  EXPECT_EQ(changes(), "-a+d-b+e-c");
  EXPECT_EQ(decision.changes[0].reason, DecisionReason::member_left);
  EXPECT_EQ(decision.changes[1].reason, DecisionReason::below_threshold);
  EXPECT_EQ(decision.changes[2].reason, DecisionReason::member_ejected);
}

TEST_F(SelectorTest, ThreeOfThreeLoseOneAndGetItBack) {
  set({{'a', 90}, {'b', 80}, {'c', 70}});
  expect("abc", DecisionReason::initial);
  fail('b', 3);
  expect("ac", DecisionReason::member_ejected);
  EXPECT_EQ(changes(), "-b");
  now += seconds(5);
  for (int i = 0; i < 3; ++i) set('b', 80);
  expect("ac", DecisionReason::unchanged);  // the hold-down of 10 s is not over
  now += seconds(5);
  board.advance(now);
  expect("abc", DecisionReason::filled);
  EXPECT_EQ(changes(), "+b");
}

TEST_F(SelectorTest, NoneAnsweredIsAPanicThatFillsTheSet) {
  list("abcd");
  expect("abc", DecisionReason::panic);
  EXPECT_TRUE(decision.panic);
  EXPECT_TRUE(selector.panic());
  expect("abc", DecisionReason::unchanged);
  EXPECT_TRUE(decision.panic) << "it lasts, though nothing changed";
}

TEST_F(SelectorTest, FirstDecisionWithOnlyPoorAnswersIsInitialAndAPanic) {
  set({{'a', 5}, {'b', 10}});
  expect("ba", DecisionReason::initial);
  EXPECT_TRUE(decision.panic);
}

TEST_F(SelectorTest, PanicIsOverAsSoonAsOneIsEligible) {
  list("abcd");
  evaluate();
  set('d', 60);
  expect("d", DecisionReason::panic_over);
  EXPECT_EQ(changes(), "-a+d-b-c");
  EXPECT_FALSE(decision.panic);
  EXPECT_FALSE(selector.panic());
  set('a', 50);
  expect("da", DecisionReason::filled);
}

TEST_F(SelectorTest, PanicMayEndWithoutAChange) {
  set('a', 5);
  evaluate();
  set('a', 50);
  expect("a", DecisionReason::panic_over);
  EXPECT_EQ(changes(), "");
}

TEST_F(SelectorTest, OnlyMemberStaysThoughEjected) {
  set('a', 90);
  evaluate();
  fail('a', 3);
  expect("a", DecisionReason::panic);
  EXPECT_EQ(changes(), "");
  EXPECT_TRUE(decision.panic);
  readmit('a', 90);
  expect("a", DecisionReason::panic_over);
}

TEST_F(SelectorTest, PanicKeepsMembersRatherThanReshuffling) {
  set({{'a', 90}, {'b', 80}, {'c', 70}, {'d', 60}, {'e', 50}});
  evaluate();
  for (const char name : {'a', 'b', 'c', 'd', 'e'}) fail(name, 3);
  expect("abc", DecisionReason::panic);
  EXPECT_EQ(changes(), "");
  // All answer again but none is back yet: what their scores do moves nobody.
  for (const auto& scores : {std::map<char, int>{{'a', 20}, {'b', 20}, {'c', 20}, {'d', 99}, {'e', 98}},
                             std::map<char, int>{{'a', 20}, {'b', 20}, {'c', 20}, {'d', 30}, {'e', 98}}}) {
    set(scores);
    expect("abc", DecisionReason::unchanged);
  }
}

TEST_F(SelectorTest, PanicPrefersOneThatAnswersNow) {
  set({{'a', 90}, {'b', 80}, {'c', 70}, {'d', 60}});
  evaluate();
  for (const char name : {'a', 'b', 'c', 'd'}) fail(name, 3);
  evaluate();
  set('d', 60);  // alive, though still held down
  expect("abd", DecisionReason::panic);
  EXPECT_EQ(changes(), "-c+d");
}

TEST_F(SelectorTest, PanicPrefersOneThatOnceAnswered) {
  list("abc");
  evaluate();
  set('d', 5);
  expect("dab", DecisionReason::panic);
  EXPECT_EQ(changes(), "-c+d");
  EXPECT_TRUE(decision.panic);
}

TEST_F(SelectorTest, PanicDropsAMemberOffTheListAndFillsUp) {
  list("abcd");
  evaluate();
  board.unlist(key('a'));
  expect("bcd", DecisionReason::member_left);
  EXPECT_EQ(changes(), "-a+d");
  EXPECT_TRUE(decision.panic);
}

TEST_F(SelectorTest, ListRunEmptyEmptiesTheSet) {
  set('a', 90);
  list("b");
  evaluate();
  for (const char name : {'a', 'b'}) board.unlist(key(name));
  expect("", DecisionReason::member_left);
  EXPECT_FALSE(decision.panic);
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
