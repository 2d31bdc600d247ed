#pragma once

#include <prometheus/metric_family.h>

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "telemetry/counters.h"

namespace fwd {

using Label = prometheus::ClientMetric::Label;
using Labels = std::vector<Label>;
using Families = std::vector<prometheus::MetricFamily>;

// The series that one thing (a service, a backend, a worker) adds to one metric family.
class Series {
 public:
  Series(prometheus::MetricFamily& family, const Labels& labels) : family_(family), labels_(labels) {}

  template <typename Number>
  requires std::is_arithmetic_v<Number>
  void add(Number value, std::initializer_list<Label> more = {}) {
    add_value(static_cast<double>(value), more);
  }
  void add(const HistogramData& data, std::span<const double> bounds, std::initializer_list<Label> more = {});

 private:
  void add_value(double value, std::initializer_list<Label> more);
  prometheus::ClientMetric& append(std::initializer_list<Label> more);

  prometheus::MetricFamily& family_;
  const Labels& labels_;
};

// One line of a table of metrics. A View is what the series are read from; it has a member `labels`.
template <typename View>
struct FamilySpec {
  std::string_view name;
  prometheus::MetricType type;
  std::string_view help;
  void (*fill)(const View& view, Series& out);
};

// Appends the families of a table, each with its series of every view; those without any are left out.
template <typename View, std::size_t N>
void append_families(const FamilySpec<View> (&table)[N], const std::vector<View>& views, Families& out) {
  for (const FamilySpec<View>& spec : table) {
    prometheus::MetricFamily family{std::string(spec.name), std::string(spec.help), spec.type, {}};
    for (const View& view : views) {
      Series series(family, view.labels);
      spec.fill(view, series);
    }
    if (!family.metric.empty()) out.push_back(std::move(family));
  }
}

}  // namespace fwd
