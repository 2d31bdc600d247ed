#include "core/fill_pacer.h"

#include <algorithm>

namespace fwd {

void FillPacer::link_gone() {
  if (!refused()) replacements_ = std::min(replacements_ + 1, kInFlight);
}

void FillPacer::opened() {
  if (!refused()) return;
  backoff_ = Duration::zero();
  next_growth_ = TimePoint::min();
}

void FillPacer::failed(TimePoint now, Random& random) {
  if (backing_off(now)) return;
  backoff_ = refused() ? std::min(2 * backoff_, kLongestBackoff) : kFirstBackoff;
  const std::chrono::duration<double, Duration::period> wait = backoff_ * (0.5 + random.unit() / 2);
  backoff_until_ = now + std::chrono::duration_cast<Duration>(wait);
  replacements_ = 0;
}

bool FillPacer::start(std::size_t idle, std::size_t connecting, std::size_t wanted, TimePoint now) {
  const std::size_t present = idle + connecting;
  replacements_ = std::min(replacements_, wanted > present ? wanted - present : 0);
  const std::optional<TimePoint> earliest = next(idle, connecting, wanted);
  if (!earliest || now < *earliest) return false;
  if (replacements_ > 0) {
    --replacements_;
  } else {
    next_growth_ = now + (refused() ? backoff_ : kGrowthGap);
  }
  return true;
}

std::optional<TimePoint> FillPacer::next(std::size_t idle, std::size_t connecting, std::size_t wanted) const {
  if (idle + connecting >= wanted || connecting >= kInFlight) return std::nullopt;
  if (refused()) return connecting > 0 ? std::nullopt : std::optional(std::max(backoff_until_, next_growth_));
  if (replacements_ > 0) return TimePoint::min();
  return connecting < kGrowing ? std::optional(next_growth_) : std::nullopt;
}

bool FillPacer::backing_off(TimePoint now) const { return refused() && now < backoff_until_; }

}  // namespace fwd
