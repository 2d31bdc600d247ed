#pragma once

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <sstream>
#include <string>

#include "telemetry/metrics_collector.h"

namespace fwd::test {

inline std::string scrape(const MetricSources& sources) {
  return prometheus::TextSerializer().Serialize(MetricsCollector(sources).Collect());
}

// "name{labels}" to its value.
inline std::map<std::string, double> series_of(const std::string& text) {
  std::map<std::string, double> series;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    const std::size_t space = line.rfind(' ');
    EXPECT_TRUE(series.emplace(line.substr(0, space), std::stod(line.substr(space + 1))).second) << line;
  }
  return series;
}

}  // namespace fwd::test
