#include "telemetry/log_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

namespace fwd {
namespace {

using nlohmann::ordered_json;

std::string dump(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string json_string(std::string_view text) { return dump(ordered_json(text)); }

bool printable_ascii(char c) { return c >= 0x20 && c < 0x7f; }

// A message stays as it is; only one that would break the line is escaped.
std::string safe_message(std::string_view message) {
  if (std::all_of(message.begin(), message.end(), printable_ascii)) return std::string(message);
  std::string text = json_string(message);
  return text.substr(1, text.size() - 2);
}

bool is_bare(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return printable_ascii(c) && c != ' ' && c != '"' && c != '=' && c != '\\';
  });
}

std::string text_of(const std::string& value) { return is_bare(value) ? value : json_string(value); }
std::string text_of(double value) { return fmt::format("{:.6g}", value); }
std::string text_of(bool value) { return value ? "true" : "false"; }
std::string text_of(std::int64_t value) { return fmt::format("{}", value); }
std::string text_of(std::uint64_t value) { return fmt::format("{}", value); }

}  // namespace

std::string format_time(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<milliseconds>(time - day));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::string format_text(const LogEvent& event) {
  std::string line = fmt::format("{} {} {}: {}", format_time(event.time), to_string(event.level),
                                 to_string(event.module), safe_message(event.message));
  for (const auto& [name, value] : event.fields) {
    const std::string text = std::visit([](const auto& v) { return text_of(v); }, value);
    fmt::format_to(std::back_inserter(line), " {}={}", name, text);
  }
  line += '\n';
  return line;
}

std::string format_json(const LogEvent& event) {
  ordered_json line = {{"time", format_time(event.time)},
                       {"level", to_string(event.level)},
                       {"module", to_string(event.module)},
                       {"message", event.message}};
  for (const auto& [name, value] : event.fields) {
    std::visit([&line, key = std::string(name)](const auto& v) { line.emplace(key, v); }, value);
  }
  return dump(line) + '\n';
}

}  // namespace fwd
