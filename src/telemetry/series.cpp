#include "telemetry/series.h"

namespace fwd {

void Series::add_value(double value, std::initializer_list<Label> more) {
  prometheus::ClientMetric& metric = append(more);
  if (family_.type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
}

void Series::add(const HistogramData& data, std::span<const double> bounds,
                 std::initializer_list<Label> more) {
  prometheus::ClientMetric::Histogram& histogram = append(more).histogram;
  std::uint64_t count = 0;
  const auto add_up_to = [&](std::size_t i) { return count += i < data.counts.size() ? data.counts[i] : 0; };
  for (std::size_t i = 0; i < bounds.size(); ++i) histogram.bucket.push_back({add_up_to(i), bounds[i]});
  histogram.sample_count = add_up_to(bounds.size());  // The serializer adds the bucket +Inf.
  histogram.sample_sum = data.sum;
}

prometheus::ClientMetric& Series::append(std::initializer_list<Label> more) {
  prometheus::ClientMetric& metric = family_.metric.emplace_back();
  metric.label = labels_;
  metric.label.insert(metric.label.end(), more);
  return metric;
}

}  // namespace fwd
