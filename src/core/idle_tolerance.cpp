#include "core/idle_tolerance.h"

#include <algorithm>

namespace fwd {
namespace {

constexpr std::size_t kEndings = 20;
// More of one kind change nothing: the longest pause is halved to the shortest by then.
constexpr std::uint64_t kMostToCount = 5 * kEndings;
constexpr std::size_t kBurst = 5;
constexpr Duration kBurstLength = std::chrono::seconds(1);
constexpr Duration kTurnedAway = std::chrono::seconds(1);
constexpr Duration kFallGap = std::chrono::seconds(1);
constexpr Duration kRise = std::chrono::minutes(1);

}  // namespace

IdleTolerance::IdleTolerance(std::size_t most) : most_(most) {}

void IdleTolerance::used(std::uint64_t links, TimePoint now) {
  if (suspended(now)) return;
  for (links = std::min(links, kMostToCount); links > 0; --links) record(false);
}

bool IdleTolerance::closed(Duration age, std::size_t idle, TimePoint now) {
  if (suspended(now)) return false;
  if (age < kTurnedAway) turned_away(idle, now);
  if (part_of_burst(now)) return false;
  record(true);
  // Of fewer than 20, too: those to come cannot outweigh them.
  if (std::count(endings_.begin(), endings_.end(), true) * 2 <= std::ptrdiff_t{kEndings}) return false;
  suspend(now);
  return true;
}

bool IdleTolerance::suspended(TimePoint now) const { return now < until_; }

TimePoint IdleTolerance::suspended_until() const { return until_; }

std::optional<std::size_t> IdleTolerance::cap(TimePoint now) {
  if (suspended(now)) return 0;
  if (!cap_) return std::nullopt;
  const std::size_t risen = *cap_ + static_cast<std::size_t>((now - last_turned_away_) / kRise);
  if (risen < most_) return risen;
  cap_.reset();
  return std::nullopt;
}

void IdleTolerance::record(bool closed) {
  endings_.push_back(closed);
  if (endings_.size() > kEndings) endings_.pop_front();
  if (++unbroken_ < kEndings) return;
  unbroken_ = 0;
  next_pause_ = std::max(next_pause_ / 2, kPause);
}

bool IdleTolerance::part_of_burst(TimePoint now) {
  if (burst_ == 0 || now - burst_began_ >= kBurstLength) {
    burst_began_ = now;
    burst_ = 0;
  }
  return ++burst_ > kBurst;
}

void IdleTolerance::suspend(TimePoint now) {
  until_ = now + next_pause_;
  next_pause_ = std::min(2 * next_pause_, kLongestPause);
  endings_.clear();
  unbroken_ = 0;
}

void IdleTolerance::turned_away(std::size_t idle, TimePoint now) {
  const std::optional<std::size_t> present = cap(now);
  const bool falls = !present || now - last_fall_ >= kFallGap;
  cap_ = falls ? std::min(present.value_or(most_), idle / 2) : present;
  if (falls) last_fall_ = now;
  last_turned_away_ = now;
}

}  // namespace fwd
