#include "config/rules.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <locale>
#include <sstream>

#include "config/duration.h"
#include "config/listen_address.h"
#include "core/target_list.h"

namespace fwd {
namespace {

bool consists_of(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

// A decimal number of the classic locale, whatever the locale of the process; no nan, inf or hexadecimal.
std::optional<double> parse_decimal(const std::string& text) {
  if (!consists_of(text, "0123456789.+-eE")) return std::nullopt;
  std::istringstream in(text);
  in.imbue(std::locale::classic());
  double value = 0;
  in >> value;
  if (std::abs(value) >= std::numeric_limits<double>::max()) return value;  // too large to hold
  if (in.fail() || in.peek() != std::istringstream::traits_type::eof()) return std::nullopt;
  return value;
}

std::string show_decimal(double value) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  out << value;
  return out.str();
}

std::string quoted_number(const YamlNode& scalar) {
  return quote(scalar.text) + " is in quotes, so it is text and not a number";
}

}  // namespace

Parsed<bool> Flag::parse(const YamlNode& scalar) const {
  if (!scalar.quoted && scalar.text == "true") return Parsed<bool>::ok(true);
  if (!scalar.quoted && scalar.text == "false") return Parsed<bool>::ok(false);
  return Parsed<bool>::bad(quote(scalar.text) +
                           (scalar.quoted ? " is in quotes, so it is text" : " is neither true nor false"));
}

Parsed<std::int64_t> Whole::parse(const YamlNode& scalar) const {
  using Result = Parsed<std::int64_t>;
  const std::string& text = scalar.text;
  const std::string_view digits = std::string_view(text).substr(text.starts_with('-') ? 1 : 0);
  if (!consists_of(digits, "0123456789") || (digits.size() > 1 && digits.front() == '0')) {
    return Result::bad(quote(text) + " is not a whole number");
  }
  if (scalar.quoted) return Result::bad(quoted_number(scalar));
  std::int64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc{} || value < min || value > max) return Result::bad(text + " is out of range");
  return Result::ok(value);
}

std::string Whole::allowed() const {
  return "a whole number from " + std::to_string(min) + " to " + std::to_string(max);
}

Parsed<double> Number::parse(const YamlNode& scalar) const {
  using Result = Parsed<double>;
  const auto value = parse_decimal(scalar.text);
  if (!value) return Result::bad(quote(scalar.text) + " is not a number");
  if (scalar.quoted) return Result::bad(quoted_number(scalar));
  const bool fits = *value <= max && (above_min ? *value > min : *value >= min);
  if (!fits) return Result::bad(scalar.text + " is out of range");
  return Result::ok(*value);
}

std::string Number::allowed() const {
  if (above_min) return "a number above " + show_decimal(min) + " and up to " + show_decimal(max);
  return "a number from " + show_decimal(min) + " to " + show_decimal(max);
}

std::string Number::show(double value) const { return show_decimal(value); }

Parsed<Duration> Span::parse(const YamlNode& scalar) const {
  using Result = Parsed<Duration>;
  if (consists_of(scalar.text, "0123456789.+-")) {
    return Result::bad(scalar.text + " has no unit (write it like \"15s\" or \"500ms\")");
  }
  const auto value = parse_duration(scalar.text);
  if (!value)
    return Result::bad(quote(scalar.text) + " is not a duration (write it like \"15s\" or \"1m30s\")");
  if (*value < min || *value > max) return Result::bad(quote(scalar.text) + " is out of range");
  if (*value % step != Duration::zero()) return Result::bad(quote(scalar.text) + " is not in whole seconds");
  return Result::ok(*value);
}

std::string Span::allowed() const {
  const std::string range = " from " + format_duration(min) + " to " + format_duration(max);
  return (step > Duration{1} ? "whole seconds" : "a duration") + range;
}

std::string Span::show(Duration value) const { return quote(format_duration(value)); }

Parsed<std::string> Text::parse(const YamlNode& scalar) const {
  if (scalar.text.empty() && !may_be_empty) return Parsed<std::string>::bad("is empty");
  return Parsed<std::string>::ok(scalar.text);
}

Parsed<std::string> UrlPath::parse(const YamlNode& scalar) const {
  constexpr std::string_view kCharacters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-~";
  if (!scalar.text.starts_with('/')) {
    return Parsed<std::string>::bad(quote(scalar.text) + " does not begin with \"/\"");
  }
  if (!consists_of(scalar.text, kCharacters)) {
    return Parsed<std::string>::bad(quote(scalar.text) + " has a character that is not allowed");
  }
  return Parsed<std::string>::ok(scalar.text);
}

Parsed<IpAddress> Address::parse(const YamlNode& scalar) const {
  if (const auto ip = parse_ip(scalar.text)) return Parsed<IpAddress>::ok(*ip);
  return Parsed<IpAddress>::bad(quote(scalar.text) + " is not an IP address");
}

Parsed<std::string> HostName::parse(const YamlNode& scalar) const {
  const std::string& text = scalar.text;
  if (text.empty()) return Parsed<std::string>::ok(text);
  if (const auto ip = parse_ip(text)) return Parsed<std::string>::ok(to_string(*ip));
  if (auto host = parse_host_name(text)) return Parsed<std::string>::ok(std::move(*host));
  return Parsed<std::string>::bad(quote(text) + " is neither a host name nor an IP address");
}

Parsed<std::string> ProtocolName::parse(const YamlNode& scalar) const {
  constexpr std::size_t kLongest = 255;
  const std::size_t bytes = scalar.text.size();
  if (bytes == 0) return Parsed<std::string>::bad("is empty");
  if (bytes > kLongest) return Parsed<std::string>::bad("has " + std::to_string(bytes) + " bytes");
  return Parsed<std::string>::ok(scalar.text);
}

Parsed<ListenAddress> Listen::parse(const YamlNode& scalar) const {
  using Result = Parsed<ListenAddress>;
  Result parsed = parse_listen_address(scalar.text);
  if (!parsed.value) return Result::bad(quote(scalar.text) + " " + parsed.wrong);
  if (tcp_only && parsed.value->kind == ListenAddress::Kind::unix_path) {
    return Result::bad(quote(scalar.text) + " is a path");
  }
  return parsed;
}

std::string Listen::allowed() const {
  const std::string tcp = "\"IP:port\", \"[IPv6]:port\", \":port\"";
  return tcp_only ? tcp : tcp + ", \"unix:/path\"";
}

std::string describe(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return "is empty";
    case YamlNode::Kind::scalar:
      return quote(node.text) + " is a single value";
    case YamlNode::Kind::sequence:
      return "is a list";
    case YamlNode::Kind::map:
      return "is a block of keys";
  }
  return "";
}

}  // namespace fwd
