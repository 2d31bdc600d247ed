#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>

#include "telemetry/log.h"

namespace fwd {
namespace {

constexpr std::array<std::string_view, kLogModuleCount> kModuleNames = {
    "app", "config", "provider", "probe", "selector", "pool", "worker", "session", "metrics",
};

std::optional<LogModule> parse_module(std::string_view name) {
  const auto* const found = std::find(kModuleNames.begin(), kModuleNames.end(), name);
  if (found == kModuleNames.end()) return std::nullopt;
  return static_cast<LogModule>(found - kModuleNames.begin());
}

// Adds one "module=level" to `result`; returns what is wrong with it, empty when nothing is.
std::string add_entry(std::string_view entry, ModuleLevels& result) {
  const std::size_t equals = entry.find('=');
  if (equals == std::string_view::npos) {
    return fmt::format("\"{}\" is not of the form module=level", entry);
  }
  const std::string_view module_name = entry.substr(0, equals);
  const std::string_view level_name = entry.substr(equals + 1);
  const auto module = parse_module(module_name);
  if (!module) {
    return fmt::format("unknown module \"{}\"; the modules are {}", module_name,
                       fmt::join(kModuleNames, ", "));
  }
  const auto level = parse_log_level(level_name);
  if (!level) {
    return fmt::format("unknown level \"{}\" for module {}; the levels are {}", level_name, module_name,
                       fmt::join(kLogLevelNames, ", "));
  }
  result.levels.emplace_back(*module, *level);
  return {};
}

}  // namespace

std::string_view to_string(LogModule module) { return kModuleNames[static_cast<std::size_t>(module)]; }

ModuleLevels parse_module_levels(std::string_view text) {
  ModuleLevels result;
  while (!text.empty() && result.error.empty()) {
    const std::size_t comma = text.find(',');
    result.error = add_entry(text.substr(0, comma), result);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  if (!result.error.empty()) result.levels.clear();
  return result;
}

}  // namespace fwd
