#include "app/commands.h"

#include <cstdlib>
#include <iostream>
#include <span>

#include "app/command_line.h"
#include "app/forwarder.h"
#include "core/candidates.h"
#include "telemetry/log.h"

namespace fwd {
namespace {

void print(std::span<const ConfigFault> faults) {
  for (const ConfigFault& fault : faults) std::cerr << to_string(fault) << '\n';
}

// The faults of a list as `check` sees them: a list that a run would refuse is one too.
std::vector<ConfigFault> faults_of(const ListResult& result, const std::string& path) {
  std::vector<ConfigFault> faults = result.faults;
  if (!result.unreadable && result.list.empty()) {
    faults.push_back({path, 0, 0, "", "the list has no valid entry; at least one is needed"});
  }
  return faults;
}

std::string describe(const ServiceConfig& service, const TargetList& list) {
  const CandidateList candidates = expand_candidates(list, {}, service.remotes.max_candidates);
  std::string text =
      "service " + service.name + ": " + std::to_string(candidates.backends.size()) + " candidates";
  if (!list.hosts.empty()) text += " and " + std::to_string(list.hosts.size()) + " host names";
  if (candidates.sampled) {
    text += ", sampled evenly from " + std::to_string(candidates.listed) + " addresses (max_candidates)";
  }
  return text;
}

}  // namespace

std::optional<Config> load_config(const CommonOptions& options) {
  ConfigResult result = read_config(options.config_file);
  print(result.faults);
  if (!result.ok()) return std::nullopt;
  for (const std::string& warning : result.warnings) std::cerr << "warning: " << warning << '\n';
  return std::move(result.config);
}

int start_logging(const LoggingConfig& config, const CommonOptions& options) {
  LogOptions log_options{.level = parse_log_level(options.log_level).value_or(config.level),
                         .json = config.format == LogFormat::json,
                         .output = config.output,
                         .module_levels = {}};
  if (const char* levels = std::getenv("TCP_FORWARDER_LOG")) {
    ModuleLevels parsed = parse_module_levels(levels);
    if (!parsed.error.empty()) {
      std::cerr << "TCP_FORWARDER_LOG: " << parsed.error << '\n';
      return kExitBadUsage;
    }
    log_options.module_levels = std::move(parsed.levels);
  }
  if (const std::string error = log_start(log_options); !error.empty()) {
    std::cerr << "logging.output: " << error << '\n';
    return kExitCannotRun;
  }
  return kExitOk;
}

int run_command(const CommonOptions& options) {
  std::optional<Config> config = load_config(options);
  if (!config) return kExitBadUsage;
  if (const int code = start_logging(config->logging, options); code != kExitOk) return code;
  int code = kExitOk;
  {
    Forwarder forwarder(std::move(*config), {});
    if (const auto error = forwarder.start()) {
      std::cerr << "tcp-forwarder: " << error->message << '\n';
      code = error->configuration ? kExitBadUsage : kExitCannotRun;
    } else {
      forwarder.run();
      if (forwarder.abandon_lookups()) {
        log_stop();
        std::_Exit(kExitOk);
      }
    }
  }
  log_stop();
  return code;
}

int check_command(const CommonOptions& options) {
  const std::optional<Config> config = load_config(options);
  bool good = config.has_value();
  if (config) {
    for (const ServiceConfig& service : config->services) {
      const std::string& path = service.remotes.file.path;
      const ListResult list = read_target_list(path, service.remotes.default_remote_port);
      const auto faults = faults_of(list, path);
      print(faults);
      good = good && faults.empty();
      if (faults.empty()) std::cout << describe(service, list.list) << '\n';
    }
  }
  if (good) std::cout << options.config_file << ": valid\n";
  return good ? kExitOk : kExitBadUsage;
}

}  // namespace fwd
