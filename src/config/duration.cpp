#include "config/duration.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace fwd {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t nanoseconds;
};

constexpr std::array<Unit, 5> kUnits = {{
    {"h", 3'600'000'000'000},
    {"m", 60'000'000'000},
    {"s", 1'000'000'000},
    {"ms", 1'000'000},
    {"us", 1'000},
}};
constexpr auto kLongest = static_cast<std::uint64_t>(Duration::max().count());

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view take_while(std::string_view& text, bool (*wanted)(char)) {
  const auto end = std::find_if_not(text.begin(), text.end(), wanted);
  const std::string_view taken = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(taken.size());
  return taken;
}

std::uint64_t to_count(std::string_view digits) {
  std::uint64_t count = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  return result.ec == std::errc{} ? count : kLongest;
}

std::uint64_t add_saturated(std::uint64_t total, std::uint64_t count, std::uint64_t unit) {
  return count > (kLongest - total) / unit ? kLongest : total + count * unit;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t total = 0;
  auto allowed = kUnits.begin();
  while (!text.empty()) {
    const std::string_view digits = take_while(text, is_digit);
    const std::string_view name = take_while(text, [](char c) { return !is_digit(c); });
    const auto unit =
        std::find_if(allowed, kUnits.end(), [name](const Unit& candidate) { return candidate.name == name; });
    if (digits.empty() || unit == kUnits.end()) return std::nullopt;
    total = add_saturated(total, to_count(digits), unit->nanoseconds);
    allowed = unit + 1;
  }
  return Duration(total);
}

std::string format_duration(Duration duration) {
  auto rest = static_cast<std::uint64_t>(duration.count());
  std::string text;
  for (const Unit& unit : kUnits) {
    if (const std::uint64_t count = rest / unit.nanoseconds; count > 0) {
      text += std::to_string(count);
      text += unit.name;
    }
    rest %= unit.nanoseconds;
  }
  return text.empty() ? "0s" : text;
}

}  // namespace fwd
