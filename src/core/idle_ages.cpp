#include "core/idle_ages.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace fwd {
namespace {

constexpr std::size_t kAgreeing = 5;
constexpr Duration kYoungest = std::chrono::seconds(1);
constexpr Duration kRelaxation = std::chrono::minutes(10);
constexpr double kRelaxed = 1.25;

}  // namespace

IdleAges::IdleAges(Duration longest) : longest_(longest) {}

void IdleAges::closed(Duration age, TimePoint now) {
  if (age < kYoungest) return;
  ages_.push_back(age);
  if (ages_.size() > kAgreeing) ages_.pop_front();
  if (ages_.size() < kAgreeing) return;

  const auto [least, greatest] = std::minmax_element(ages_.begin(), ages_.end());
  if (*greatest - *least > *greatest / 5) return;
  limit_ = *least / 5 * 4;
  set_at_ = now;
}

std::optional<Duration> IdleAges::limit(TimePoint now) {
  if (!limit_) return std::nullopt;
  const auto steps = static_cast<double>((now - set_at_) / kRelaxation);
  const double relaxed = static_cast<double>(limit_->count()) * std::pow(kRelaxed, steps);
  if (relaxed > static_cast<double>(longest_.count())) {
    limit_.reset();
    return std::nullopt;
  }
  return Duration(static_cast<Duration::rep>(relaxed));
}

}  // namespace fwd
