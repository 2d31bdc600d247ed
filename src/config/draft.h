#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/faults.h"

namespace fwd {

struct WeightsConfig {
  double latency = 0.45;
  double jitter = 0.15;
  double success_rate = 0.40;
};

// Where a key was given, for faults that only show once everything has been read.
struct Given {
  Place place;
  std::string key;      // with "services[1]." before it when it stands there
  bool faulty = false;  // its value was refused: what depends on it is not checked
};

// What the keys of the file are read into: all that holds for one service. The draft of an entry of
// `services` starts as a copy of the one of the top level, so every key it does not give is inherited.
struct Draft {
  LoggingConfig logging;
  MetricsConfig metrics;
  ServiceConfig service;
  WeightsConfig weights;
  std::string provider_type = "file";  // the only one that is built

  Place place;                         // of the entry; default at the top level
  std::string prefix;                  // "services[1]." or empty
  std::map<std::string, Given> given;  // by path

  // Null when the key was not given.
  const Given* find_given(const std::string& path) const {
    const auto found = given.find(path);
    return found == given.end() ? nullptr : &found->second;
  }
};

}  // namespace fwd
