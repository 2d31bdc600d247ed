#include "core/idle_ages.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace fwd {
namespace {

constexpr std::size_t kAgreeing = 5;
constexpr std::size_t kMostKept = 20;
constexpr Duration kYoungest = std::chrono::seconds(1);
constexpr Duration kRelaxation = std::chrono::minutes(10);
constexpr double kRelaxed = 1.25;
constexpr Duration kBurst = std::chrono::seconds(1);
constexpr Duration kWorthOne = std::chrono::seconds(30);

}  // namespace

IdleAges::IdleAges(Duration longest) : longest_(longest) {}

void IdleAges::closed(Duration age, TimePoint now) {
  if (age < kYoungest) return;
  closes_.push_back({age, now});
  if (closes_.size() > kMostKept) closes_.erase(closes_.begin() + 1);  // the first tells since when
  while (!agree()) closes_.pop_front();
  if (closes_.size() < kAgreeing || now - closes_.front().at < kBurst) return;
  limit_ = std::ranges::min(closes_, {}, &Close::age).age / 5 * 4;
  set_at_ = now;
}

bool IdleAges::agree() const {
  const auto [least, greatest] = std::ranges::minmax(closes_, {}, &Close::age);
  return greatest.age - least.age <= greatest.age / 5;
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

std::size_t worthwhile_idle(Duration limit, double arrivals_per_second) {
  const double taken = arrivals_per_second * std::chrono::duration<double>(limit).count();
  return static_cast<std::size_t>(limit / kWorthOne) + static_cast<std::size_t>(std::lround(2 * taken));
}

}  // namespace fwd
