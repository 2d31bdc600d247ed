#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/selector.h"
#include "core/selector_fixture.h"

namespace fwd {
namespace {

using std::chrono::seconds;
using testing::SizeIs;

// Changes that do not wait for the debounce.
class SelectorNecessaryChangeTest : public SelectorFixture {};

TEST_F(SelectorNecessaryChangeTest, EjectedMemberLeavesAtOnceEvenWithinTheDebounce) {
  set({{'a', 90}, {'b', 80}, {'c', 70}, {'d', 60}});
  evaluate();
  now += seconds(1);
  fail('a', 2);
  expect("abc", DecisionReason::unchanged);
  fail('a');
  expect("bcd", DecisionReason::member_ejected);
  EXPECT_EQ(changes(), "-a+d");
}

TEST_F(SelectorNecessaryChangeTest, MemberBelowTheThresholdLeavesAtOnce) {
  set({{'a', 90}, {'b', 80}, {'c', 15}, {'d', 14}});
  expect("abc", DecisionReason::initial);  // 15 is enough, 14 is not
  set({{'c', 14}, {'d', 15}});
  expect("abd", DecisionReason::below_threshold);
  EXPECT_EQ(changes(), "-c+d");
}

TEST_F(SelectorNecessaryChangeTest, MemberOffTheListLeavesAtOnce) {
  set({{'a', 90}, {'b', 80}, {'c', 70}, {'d', 60}});
  evaluate();
  board.unlist(key('b'));
  expect("acd", DecisionReason::member_left);
  EXPECT_EQ(changes(), "-b+d");
  EXPECT_EQ(decision.changes[0].out_score, 80);
}

TEST_F(SelectorNecessaryChangeTest, ForgottenMemberLeavesToo) {
  set({{'a', 90}, {'b', 80}, {'c', 70}});
  evaluate();
  board.forget(key('a'));
  expect("bc", DecisionReason::member_left);
  EXPECT_EQ(changes(), "-?");
}

TEST_F(SelectorNecessaryChangeTest, SmallSetIsFilledAtOnce) {
  set({{'a', 90}, {'b', 80}});
  list("cd");
  expect("ab", DecisionReason::initial);
  now += seconds(1);
  set({{'c', 40}, {'d', 50}});
  expect("abd", DecisionReason::filled);
  EXPECT_EQ(changes(), "+d");
}

TEST_F(SelectorNecessaryChangeTest, SeveralReasonsGoByTheWeightiest) {
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

TEST_F(SelectorNecessaryChangeTest, ThreeOfThreeLoseOneAndGetItBack) {
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

TEST_F(SelectorNecessaryChangeTest, ListRunEmptyEmptiesTheSet) {
  set('a', 90);
  list("b");
  evaluate();
  for (const char name : {'a', 'b'}) board.unlist(key(name));
  expect("", DecisionReason::member_left);
  EXPECT_FALSE(decision.panic);
}

}  // namespace
}  // namespace fwd
