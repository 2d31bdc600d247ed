#include <gtest/gtest.h>

#include <map>

#include "core/selector.h"
#include "core/selector_fixture.h"

namespace fwd {
namespace {

// No backend is eligible, yet clients must go somewhere.
class SelectorPanicTest : public SelectorFixture {};

TEST_F(SelectorPanicTest, NoneAnsweredIsAPanicThatFillsTheSet) {
  list("abcd");
  expect("abc", DecisionReason::panic);
  EXPECT_TRUE(decision.panic);
  EXPECT_TRUE(selector.panic());
  expect("abc", DecisionReason::unchanged);
  EXPECT_TRUE(decision.panic) << "it lasts, though nothing changed";
}

TEST_F(SelectorPanicTest, FirstDecisionWithOnlyPoorAnswersIsInitialAndAPanic) {
  set({{'a', 5}, {'b', 10}});
  expect("ba", DecisionReason::initial);
  EXPECT_TRUE(decision.panic);
}

TEST_F(SelectorPanicTest, PanicIsOverAsSoonAsOneIsEligible) {
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

TEST_F(SelectorPanicTest, PanicMayEndWithoutAChange) {
  set('a', 5);
  evaluate();
  set('a', 50);
  expect("a", DecisionReason::panic_over);
  EXPECT_EQ(changes(), "");
}

TEST_F(SelectorPanicTest, OnlyMemberStaysThoughEjected) {
  set('a', 90);
  evaluate();
  fail('a', 3);
  expect("a", DecisionReason::panic);
  EXPECT_EQ(changes(), "");
  EXPECT_TRUE(decision.panic);
  readmit('a', 90);
  expect("a", DecisionReason::panic_over);
}

TEST_F(SelectorPanicTest, PanicKeepsMembersRatherThanReshuffling) {
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

TEST_F(SelectorPanicTest, PanicPrefersOneThatAnswersNow) {
  set({{'a', 90}, {'b', 80}, {'c', 70}, {'d', 60}});
  evaluate();
  for (const char name : {'a', 'b', 'c', 'd'}) fail(name, 3);
  evaluate();
  set('d', 60);  // alive, though still held down
  expect("abd", DecisionReason::panic);
  EXPECT_EQ(changes(), "-c+d");
}

TEST_F(SelectorPanicTest, PanicPrefersOneThatOnceAnswered) {
  list("abc");
  evaluate();
  set('d', 5);
  expect("dab", DecisionReason::panic);
  EXPECT_EQ(changes(), "-c+d");
  EXPECT_TRUE(decision.panic);
}

TEST_F(SelectorPanicTest, PanicDropsAMemberOffTheListAndFillsUp) {
  list("abcd");
  evaluate();
  board.unlist(key('a'));
  expect("bcd", DecisionReason::member_left);
  EXPECT_EQ(changes(), "-a+d");
  EXPECT_TRUE(decision.panic);
}

}  // namespace
}  // namespace fwd
