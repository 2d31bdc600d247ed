#include "core/ejection.h"

#include <algorithm>
#include <cstdint>

namespace fwd {
namespace {

// Halved for each full hour of quiet.
Duration faded(Duration hold_down, Duration quiet) {
  constexpr std::int64_t kMostHalvings = 40;  // leaves nothing of any hold-down
  const std::int64_t halvings = std::min(quiet / std::chrono::hours(1), kMostHalvings);
  return hold_down / (std::int64_t{1} << halvings);
}

}  // namespace

bool Ejection::failed(const EjectionConfig& config, bool has_answered, TimePoint now) {
  successes_ = 0;
  ++failures_;
  if (ejected_ || !has_answered || failures_ < config.eject_after) return false;
  eject(config, now);
  return true;
}

bool Ejection::succeeded(const EjectionConfig& config, TimePoint now) {
  failures_ = 0;
  if (!ejected_) return false;
  ++successes_;
  return expire(config, now);
}

bool Ejection::expire(const EjectionConfig& config, TimePoint now) {
  const std::optional<TimePoint> readmission = due(config);
  if (!readmission || now < *readmission) return false;
  ejected_ = false;
  return true;
}

std::optional<TimePoint> Ejection::due(const EjectionConfig& config) const {
  if (!ejected_ || successes_ < config.readmit_after) return std::nullopt;
  return held_until_;
}

void Ejection::eject(const EjectionConfig& config, TimePoint now) {
  const Duration doubled = 2 * faded(hold_down_, now - ejected_at_);
  hold_down_ = std::min(std::max(doubled, config.hold_down_base), config.hold_down_max);
  ejected_ = true;
  ejected_at_ = now;
  held_until_ = now + hold_down_;
}

}  // namespace fwd
