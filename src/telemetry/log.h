#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/log_level.h"

namespace fwd {

// Event log: structured lines, written by a background thread through a bounded queue that drops the oldest
// and counts when it is full, so that a slow disk never holds a loop up. Any thread may write.

enum class LogModule { app, config, provider, probe, selector, pool, worker, session, metrics };
inline constexpr std::size_t kLogModuleCount = 9;
std::string_view to_string(LogModule module);

// `name` is a literal, of its own within the line: time, level, module and message are taken.
struct LogField {
  std::string_view name;
  std::variant<std::string, double, std::int64_t, std::uint64_t, bool> value;
};

struct LogOptions {
  LogLevel level = LogLevel::info;
  bool json = false;              // one JSON object a line; else "TIME LEVEL module: message name=value ..."
  std::string output = "stdout";  // stdout, stderr, or a path (appended to)
  std::vector<std::pair<LogModule, LogLevel>> module_levels;
};

// Reads "selector=debug,probe=trace" (TCP_FORWARDER_LOG). On a fault `error` says what is wrong and allowed.
struct ModuleLevels {
  std::vector<std::pair<LogModule, LogLevel>> levels;
  std::string error;
};
ModuleLevels parse_module_levels(std::string_view text);

// Starts the log of the process, or changes its options. Returns an error text, empty when all is well.
// Before the first call everything is written to stderr at warn and above.
std::string log_start(const LogOptions& options);
void log_reopen();            // SIGHUP: opens the file anew
void log_stop();              // writes what is queued and stops the thread; then all is as before the start
std::uint64_t log_dropped();  // lines lost: the queue was full, or the output failed

// True when a line would be written: ask before doing work only for the log. One relaxed load.
bool log_enabled(LogModule module, LogLevel level);
void log(LogModule module, LogLevel level, std::string_view message,
         std::initializer_list<LogField> fields = {});

}  // namespace fwd
