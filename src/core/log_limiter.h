#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "core/time.h"

namespace fwd {

// Lets one line of a kind through in each `interval`, so that a failing backend does not flood the log.
template <class Kind>
class LogLimiter {
 public:
  explicit LogLimiter(Duration interval) : interval_(interval) {}

  // How many lines of that kind were held back before this one; nothing when this one is to be held back.
  std::optional<std::uint64_t> allow(const Kind& kind, TimePoint now) {
    auto [entry, first] = kinds_.try_emplace(kind, State{now, 0});
    State& state = entry->second;
    if (!first && now - state.since < interval_) {
      ++state.held_back;
      return std::nullopt;
    }
    state.since = now;
    return std::exchange(state.held_back, 0);
  }

  template <class Predicate>
  void forget_if(Predicate predicate) {
    std::erase_if(kinds_, [&predicate](const auto& entry) { return predicate(entry.first); });
  }

 private:
  struct State {
    TimePoint since;
    std::uint64_t held_back;
  };

  Duration interval_;
  std::map<Kind, State> kinds_;
};

}  // namespace fwd
