#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/target_list.h"

namespace fwd {

struct ConfigResult {
  Config config;  // usable only when faults is empty
  std::vector<ConfigFault> faults;
  std::vector<std::string> warnings;  // fine, but worth a line at start

  bool ok() const { return faults.empty(); }
};

// Reads YAML text into a Config. Never throws; every fault is reported, not only the first. `file` is the
// name used in faults, and its directory is what relative paths are resolved against. The files of
// remotes.tls are read and checked too, where it is enabled. An empty text is valid.
ConfigResult parse_config(std::string_view text, const std::string& file);

// The same from a file; a file that cannot be read is one fault.
ConfigResult read_config(const std::string& file);

// A list file read. Its bad lines are `faults` with their place; `unreadable` is set when there is no text at
// all. `check` fails on any fault; a run refuses only a list without a valid entry and warns of the rest.
struct ListResult {
  TargetList list;
  std::vector<ConfigFault> faults;
  bool unreadable = false;
};
ListResult read_target_list(const std::string& path, std::uint16_t default_port);

}  // namespace fwd
