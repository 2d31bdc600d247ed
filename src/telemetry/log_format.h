#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "telemetry/log.h"

namespace fwd {

// One line of the log before it is written out. Views: valid for the call only.
struct LogEvent {
  std::chrono::system_clock::time_point time;
  LogLevel level;
  LogModule module;
  std::string_view message;
  std::span<const LogField> fields;
};

// RFC 3339 in UTC with milliseconds: "2026-01-31T23:59:59.123Z".
std::string format_time(std::chrono::system_clock::time_point time);

// Both end in their only newline, whatever the message and the fields hold; bytes that are not UTF-8 become
// U+FFFD.
std::string format_text(const LogEvent& event);
std::string format_json(const LogEvent& event);

}  // namespace fwd
