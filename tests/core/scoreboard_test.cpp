#include "core/scoreboard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace fwd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

BackendId id(std::uint8_t last) { return {{IpAddress{false, {10, 0, 0, last}}, 80}}; }

class ScoreboardTest : public testing::Test {
 protected:
  const BackendRecord& record() const { return *board.find(key); }
  void fail_probe() { effect = board.probe_failed(key, DialError::refused, now); }
  void answer_probe(int ms = 10) { effect = board.probe_succeeded(key, milliseconds(ms), now); }

  Scoreboard board{{}, {}};
  TimePoint now{seconds(100000)};
  BackendKey key = board.add(id(1));
  SampleEffect effect;
};

TEST_F(ScoreboardTest, AddFindsTheSameRecordAgain) {
  answer_probe();
  EXPECT_EQ(board.add(id(1)), key);
  EXPECT_EQ(board.listed(), 1U);

  board.unlist(key);
  board.unlist(key);
  EXPECT_EQ(board.listed(), 0U);
  EXPECT_FALSE(record().listed);
  EXPECT_EQ(board.add(id(1)), key);
  EXPECT_TRUE(record().measured.has_answered()) << "one that comes back keeps what is known of it";
  EXPECT_EQ(board.listed(), 1U);
}

TEST_F(ScoreboardTest, ForgottenKeyIsNeverReused) {
  board.forget(key);
  EXPECT_EQ(board.find(key), nullptr);
  EXPECT_EQ(board.listed(), 0U);
  const BackendKey again = board.add(id(1));
  EXPECT_NE(again, key);
  EXPECT_FALSE(board.find(again)->measured.has_answered());
}

TEST_F(ScoreboardTest, UnknownKeysAreIgnored) {
  const BackendKey unknown = 999;
  board.probe_started(unknown, now);
  EXPECT_FALSE(board.probe_failed(unknown, DialError::refused, now).failed);
  board.probe_succeeded(unknown, milliseconds(1), now);
  board.dial_failed(unknown, DialError::refused, now);
  board.dial_succeeded(unknown, milliseconds(1), now);
  board.unlist(unknown);
  board.forget(unknown);
  EXPECT_EQ(board.records().size(), 1U);
  EXPECT_FALSE(board.next_due());
}

TEST_F(ScoreboardTest, ProbesAreMeasuredScoredAndCounted) {
  board.probe_started(key, now);
  EXPECT_TRUE(record().probing);
  EXPECT_EQ(record().last_probe, now);
  answer_probe(50);
  EXPECT_FALSE(record().probing);
  EXPECT_EQ(record().score.total, 85);  // 45 + 0 + 40
  EXPECT_EQ(record().probes.successes, 1U);

  board.probe_failed(key, DialError::timeout, now);
  EXPECT_EQ(record().score.total, 76);  // 45 + 0 + 36 - 5
  EXPECT_EQ(record().probes.failures[static_cast<std::size_t>(DialError::timeout)], 1U);
}

TEST_F(ScoreboardTest, FaultsOfThisMachineAreNoSamples) {
  answer_probe();
  const double before = record().score.total;
  for (int i = 0; i < 5; ++i) {
    board.probe_started(key, now);
    effect = board.probe_failed(key, DialError::local, now);
    EXPECT_FALSE(effect.failed);
    board.dial_failed(key, DialError::local, now);
  }
  EXPECT_FALSE(record().probing);
  EXPECT_EQ(record().score.total, before);
  EXPECT_EQ(record().measured.consecutive_failures, 0U);
  EXPECT_EQ(record().probes.failures[static_cast<std::size_t>(DialError::local)], 5U);
  EXPECT_FALSE(board.next_due());
}

TEST_F(ScoreboardTest, ThreeFailedProbesEjectAndThreeGoodOnesReadmit) {
  answer_probe();
  fail_probe();
  fail_probe();
  EXPECT_TRUE(effect.failed);
  EXPECT_FALSE(effect.ejected);
  fail_probe();
  EXPECT_TRUE(effect.ejected);

  now += seconds(10);
  answer_probe();
  answer_probe();
  EXPECT_FALSE(effect.readmitted);
  answer_probe();
  EXPECT_TRUE(effect.readmitted);
  EXPECT_FALSE(record().ejection.ejected());
}

TEST_F(ScoreboardTest, OneThatNeverAnsweredIsNotEjected) {
  for (int i = 0; i < 5; ++i) {
    fail_probe();
    EXPECT_FALSE(effect.ejected);
  }
}

TEST_F(ScoreboardTest, AdvanceEndsAHoldDownThatIsOver) {
  answer_probe();
  for (int i = 0; i < 3; ++i) fail_probe();
  EXPECT_FALSE(board.next_due()) << "nothing to wait for while successes are missing";
  for (int i = 0; i < 3; ++i) answer_probe();
  EXPECT_EQ(board.next_due(), now + seconds(10));
  EXPECT_THAT(board.advance(now + seconds(9)).readmitted, IsEmpty());
  EXPECT_THAT(board.advance(now + seconds(10)).readmitted, ElementsAre(key));
  EXPECT_FALSE(board.next_due());
}

TEST_F(ScoreboardTest, DialsOfASecondAreOneSample) {
  for (const int ms : {90, 50, 70}) board.dial_succeeded(key, milliseconds(ms), now);
  EXPECT_FALSE(record().measured.has_answered()) << "not before the second is over";
  EXPECT_EQ(board.next_due(), now + seconds(1));

  const Scoreboard::Due due = board.advance(now + seconds(1));
  EXPECT_THAT(due.failed, IsEmpty());
  EXPECT_EQ(record().measured.latency_ms, 70);
  EXPECT_EQ(record().score.success_rate, 40);
  EXPECT_EQ(record().probes.successes, 0U) << "a dial is not a probe";
  EXPECT_FALSE(board.next_due());
}

TEST_F(ScoreboardTest, FailedDialStartsProbesAtOnceAndThenEverySecond) {
  answer_probe();
  board.dial_failed(key, DialError::refused, now);
  EXPECT_EQ(board.next_due(), now);

  EXPECT_THAT(board.advance(now).to_probe, ElementsAre(key));
  EXPECT_TRUE(record().probing);
  EXPECT_THAT(board.advance(now).to_probe, IsEmpty());
  fail_probe();
  EXPECT_EQ(board.next_due(), now + seconds(1));

  now += seconds(1);
  const Scoreboard::Due second = board.advance(now);  // the dial's own sample is the second failure
  EXPECT_THAT(second.failed, ElementsAre(key));
  EXPECT_THAT(second.ejected, IsEmpty());
  EXPECT_THAT(second.to_probe, ElementsAre(key));
  fail_probe();
  EXPECT_TRUE(effect.ejected);
}

TEST_F(ScoreboardTest, FoldedDialFailureCanEject) {
  answer_probe();
  board.dial_failed(key, DialError::refused, now);
  fail_probe();
  fail_probe();
  EXPECT_THAT(board.advance(now + seconds(1)).ejected, ElementsAre(key));
}

TEST_F(ScoreboardTest, FoldedDialSuccessCanReadmit) {
  answer_probe();
  for (int i = 0; i < 3; ++i) fail_probe();
  now += seconds(10);
  answer_probe();
  answer_probe();
  board.dial_succeeded(key, milliseconds(5), now);
  EXPECT_THAT(board.advance(now + seconds(1)).readmitted, ElementsAre(key));
  EXPECT_NEAR(record().measured.penalty, 11.2, 1e-9) << "16.2 less 2.5 for each of the two probes";
}

TEST_F(ScoreboardTest, ExtraProbeWaitsForTheOneInFlight) {
  board.probe_started(key, now);
  board.dial_failed(key, DialError::timeout, now);
  now += milliseconds(500);
  EXPECT_THAT(board.advance(now).to_probe, IsEmpty());
  EXPECT_EQ(board.next_due(), now + milliseconds(500)) << "only the dial's sample is ahead";
  answer_probe();
  ASSERT_TRUE(board.next_due());
  EXPECT_LE(*board.next_due(), now);
  EXPECT_THAT(board.advance(now).to_probe, ElementsAre(key));
}

TEST_F(ScoreboardTest, ExtraProbesEndAfterThreeAgreeingAnswers) {
  answer_probe();
  board.dial_failed(key, DialError::timeout, now);
  int probes = 0;
  while (board.next_due()) {
    now = *board.next_due();
    for (std::size_t i = board.advance(now).to_probe.size(); i > 0; --i) {
      ++probes;
      answer_probe();
    }
  }
  EXPECT_EQ(probes, 3);
}

TEST_F(ScoreboardTest, UnlistedBackendIsNotProbed) {
  board.dial_failed(key, DialError::timeout, now);
  board.unlist(key);
  board.dial_failed(key, DialError::timeout, now);
  EXPECT_THAT(board.advance(now + seconds(5)).to_probe, IsEmpty());
}

TEST_F(ScoreboardTest, ForgettingDropsWhatWasAhead) {
  board.dial_failed(key, DialError::timeout, now);
  board.forget(key);
  EXPECT_FALSE(board.next_due());
  EXPECT_THAT(board.advance(now + seconds(5)).failed, IsEmpty());
}

TEST_F(ScoreboardTest, NextDueIsTheSoonestOfAllBackends) {
  const BackendKey other = board.add(id(2));
  board.dial_succeeded(key, milliseconds(1), now + milliseconds(300));
  board.dial_succeeded(other, milliseconds(1), now);
  EXPECT_EQ(board.next_due(), now + seconds(1));
  board.advance(now + seconds(1));
  EXPECT_TRUE(board.find(other)->measured.has_answered());
  EXPECT_FALSE(record().measured.has_answered());
  EXPECT_EQ(board.next_due(), now + milliseconds(1300));
}

TEST_F(ScoreboardTest, StateTravelsToANewScoreboard) {
  const BackendKey second = board.add(id(0));
  answer_probe(50);
  fail_probe();
  board.probe_succeeded(second, milliseconds(20), now);
  board.add(id(3));  // nothing known of it
  const ScoreboardState state = board.export_state(1234);
  EXPECT_EQ(state.version, ScoreboardState::kVersion);
  EXPECT_EQ(state.taken_at_unix_ms, 1234);
  ASSERT_EQ(state.entries.size(), 2U);
  EXPECT_EQ(state.entries[0].id, id(0)) << "sorted";

  Scoreboard next{{}, {}};
  const BackendKey listed = next.add(id(1));
  ASSERT_TRUE(next.import_state(state));
  EXPECT_EQ(next.find(listed)->score.total, record().score.total);
  EXPECT_EQ(next.records().size(), 1U) << "only what is listed";
}

TEST_F(ScoreboardTest, ImportDoesNotOverwriteFreshMeasurements) {
  answer_probe(50);
  const ScoreboardState state = board.export_state(0);
  answer_probe(500);
  const auto latest = record().measured.latency_ms;
  EXPECT_TRUE(board.import_state(state));
  EXPECT_EQ(record().measured.latency_ms, latest);
}

TEST_F(ScoreboardTest, ImportRefusesAnotherVersion) {
  answer_probe();
  ScoreboardState state = board.export_state(0);
  state.version = 2;
  Scoreboard next{{}, {}};
  const BackendKey listed = next.add(id(1));
  EXPECT_FALSE(next.import_state(state));
  EXPECT_FALSE(next.find(listed)->measured.has_answered());
}

BackendRecord ranked(std::uint8_t last, std::optional<double> latency_ms, double total) {
  BackendRecord record;
  record.id = id(last);
  record.measured.latency_ms = latency_ms;
  record.score.total = total;
  return record;
}

TEST(BetterTest, OrdersByAnswerThenScoreThenLatencyThenAddress) {
  // From best to worst; each is better than all below it and never the other way round.
  const std::vector<BackendRecord> order = {
      ranked(9, 30, 80),           ranked(8, 10, 70),          ranked(7, 20, 70),
      ranked(1, 40, 70),           ranked(2, 40, 70),          ranked(6, 700, 0),
      ranked(3, std::nullopt, 50), ranked(4, std::nullopt, 0), ranked(5, std::nullopt, 0),
  };
  for (std::size_t a = 0; a < order.size(); ++a) {
    for (std::size_t b = 0; b < order.size(); ++b)
      EXPECT_EQ(better(order[a], order[b]), a < b) << a << " " << b;
  }
}

}  // namespace
}  // namespace fwd
