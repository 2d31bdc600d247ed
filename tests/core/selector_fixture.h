#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/selector.h"

namespace fwd {

// Backends are letters. A score is set by one probe: scoring is arranged so that it is 100 less the last
// latency in milliseconds, and so that failures do not touch it. The clock moves only when a test moves it.
class SelectorFixture : public testing::Test {
 protected:
  static ScoringConfig last_latency_only() {
    ScoringConfig config;
    config.latency = {
        .max_score = 100, .ewma_alpha = 1, .base = {}, .max_acceptable = std::chrono::milliseconds(100)};
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
  void set(char name, int points) {
    board.probe_succeeded(key(name), std::chrono::milliseconds(100 - points), now);
  }
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
  TimePoint now{std::chrono::seconds(100000)};
};

}  // namespace fwd
