#include "core/dial_samples.h"

#include <algorithm>
#include <cstddef>

namespace fwd {
namespace {

constexpr Duration kSecond = std::chrono::seconds(1);
constexpr unsigned kAgreeingAnswers = 3;

Duration lower_median(std::vector<Duration>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

void DialSamples::succeeded(Duration latency, TimePoint now) {
  if (!began_) began_ = now;
  latencies_.push_back(latency);
}

void DialSamples::failed(TimePoint now) {
  if (!began_) began_ = now;
}

std::optional<DialSamples::Sample> DialSamples::take(TimePoint now) {
  if (!began_ || now < *due()) return std::nullopt;
  Sample sample;
  if (!latencies_.empty()) sample = {true, lower_median(latencies_)};
  began_.reset();
  latencies_.clear();
  return sample;
}

std::optional<TimePoint> DialSamples::due() const {
  if (!began_) return std::nullopt;
  return *began_ + kSecond;
}

void Confirmation::start(TimePoint now) {
  if (running_) return;
  running_ = true;
  next_ = now;
  agreeing_ = 0;
}

void Confirmation::answered(bool success) {
  if (!running_) return;
  agreeing_ = success == last_ ? agreeing_ + 1 : 1;
  last_ = success;
  running_ = agreeing_ < kAgreeingAnswers;
}

std::optional<TimePoint> Confirmation::due() const {
  if (!running_) return std::nullopt;
  return next_;
}

void Confirmation::probe_started(TimePoint now) { next_ = now + kSecond; }

}  // namespace fwd
