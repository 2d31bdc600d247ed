#pragma once

#include <optional>
#include <string>

#include "config/reader.h"

namespace fwd {

struct CommonOptions {
  std::string config_file = "config.yaml";
  std::string log_level;  // empty: as configured
};

// The commands of the program; each returns its exit code.
int run_command(const CommonOptions& options);
int check_command(const CommonOptions& options);
int probe_command(const CommonOptions& options, bool json);
int demo_command(const CommonOptions& options);

// Shared by them. Reads the configuration; prints its faults and gives nothing when there are any.
std::optional<Config> load_config(const CommonOptions& options);
// Starts the log as configured, with what the command line and TCP_FORWARDER_LOG change. An exit code other
// than 0 after having said why.
int start_logging(const LoggingConfig& config, const CommonOptions& options);

}  // namespace fwd
