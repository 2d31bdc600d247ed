#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/faults.h"

namespace fwd {

// Keys that are read and checked already, though what they set is not built yet.
struct PlannedConfig {
  std::string proxy_protocol = "none";
  std::string provider_type = "file";
  struct Tls {
    bool enabled = false;
    std::string server_name;
    bool verify = true;
    std::string ca_file;
    std::string cert_file;
    std::string key_file;
    std::vector<std::string> alpn;
    std::string min_version = "1.2";
    Duration handshake_timeout = std::chrono::seconds(2);
  } tls;
  Duration pool_idle_timeout = std::chrono::minutes(10);
  std::string strategy = "none";
  std::size_t size_per_remote = 50;
  struct Dynamic {
    std::size_t min_size = 20;
    std::size_t max_size = 500;
    Duration interval = std::chrono::seconds(1);
    double target_buffer_ratio = 0.2;
    std::size_t scale_up_increment = 10;
    std::size_t scale_down_increment = 5;
  } dynamic;
};

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
  PlannedConfig planned;

  Place place;                         // of the entry; default at the top level
  std::string prefix;                  // "services[1]." or empty
  std::map<std::string, Given> given;  // by path
};

}  // namespace fwd
