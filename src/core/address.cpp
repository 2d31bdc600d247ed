#include "core/address.h"

#include <algorithm>
#include <charconv>

#include "core/random.h"

namespace fwd {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

constexpr std::size_t kGroups = 8;
constexpr Bytes kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::optional<IpAddress> parse_v4(std::string_view text) {
  IpAddress ip;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t end = i < 3 ? text.find('.') : text.size();
    if (end == std::string_view::npos) return std::nullopt;
    const auto octet = parse_decimal(text.substr(0, end), 255);
    if (!octet) return std::nullopt;
    ip.bytes[i] = static_cast<std::uint8_t>(*octet);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return ip;
}

std::optional<std::uint16_t> parse_group(std::string_view text) {
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && text.size() <= 4 ? std::optional(value) : std::nullopt;
}

// One side of "::", or all of an address without it.
struct Groups {
  Bytes bytes{};
  std::size_t size = 0;

  bool append(std::uint8_t byte) {
    if (size == bytes.size()) return false;
    bytes[size++] = byte;
    return true;
  }
  bool append_group(std::string_view text) {
    const auto group = parse_group(text);
    return group && append(static_cast<std::uint8_t>(*group >> 8)) &&
           append(static_cast<std::uint8_t>(*group & 0xff));
  }
  bool append_v4(std::string_view text) {
    const auto v4 = parse_v4(text);
    return v4 && std::all_of(v4->bytes.begin(), v4->bytes.begin() + 4,
                             [this](std::uint8_t byte) { return append(byte); });
  }
};

// Only the end of an address may be written as IPv4.
std::optional<Groups> parse_groups(std::string_view text, bool at_end) {
  Groups groups;
  for (;;) {
    const std::size_t colon = text.find(':');
    const std::string_view piece = text.substr(0, colon);
    const bool last = colon == std::string_view::npos;
    const bool v4 = last && at_end && piece.find('.') != std::string_view::npos;
    if (!(v4 ? groups.append_v4(piece) : groups.append_group(piece))) return std::nullopt;
    if (last) return groups;
    text.remove_prefix(colon + 1);
  }
}

std::optional<Groups> parse_side(std::string_view text, bool at_end) {
  return text.empty() ? Groups{} : parse_groups(text, at_end);
}

std::optional<IpAddress> parse_v6(std::string_view text) {
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) {
    const auto all = parse_groups(text, true);
    if (!all || all->size != all->bytes.size()) return std::nullopt;
    return IpAddress{true, all->bytes};
  }
  const auto head = parse_side(text.substr(0, gap), false);
  const auto tail = parse_side(text.substr(gap + 2), true);
  if (!head || !tail || head->size + tail->size > head->bytes.size() - 2) return std::nullopt;
  IpAddress ip{true, head->bytes};
  std::copy_n(tail->bytes.begin(), tail->size, ip.bytes.end() - static_cast<std::ptrdiff_t>(tail->size));
  return ip;
}

std::string v4_text(const std::uint8_t* bytes) {
  std::string text = std::to_string(bytes[0]);
  for (std::size_t i = 1; i < 4; ++i) text += '.' + std::to_string(bytes[i]);
  return text;
}

unsigned group_at(const Bytes& bytes, std::size_t i) { return bytes[2 * i] * 256U + bytes[2 * i + 1]; }

struct Run {
  std::size_t begin = 0;
  std::size_t size = 0;
};

// The first of the longest runs of zero groups; RFC 5952 shortens it when it has at least two.
Run longest_zero_run(const Bytes& bytes) {
  Run best;
  for (Run run; run.begin < kGroups; run.begin += run.size + 1) {
    run.size = 0;
    while (run.begin + run.size < kGroups && group_at(bytes, run.begin + run.size) == 0) ++run.size;
    if (run.size > best.size) best = run;
  }
  return best.size >= 2 ? best : Run{kGroups, 0};
}

std::string v6_text(const Bytes& bytes) {
  if (std::equal(bytes.begin(), bytes.begin() + 12, kMappedPrefix.begin())) {
    return "::ffff:" + v4_text(&bytes[12]);
  }
  const Run zeros = longest_zero_run(bytes);
  std::string text;
  for (std::size_t i = 0; i < kGroups; ++i) {
    if (i == zeros.begin) {
      text += "::";
      i += zeros.size - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    std::array<char, 4> digits{};
    const auto end = std::to_chars(digits.begin(), digits.end(), group_at(bytes, i), 16).ptr;
    text.append(digits.begin(), end);
  }
  return text;
}

std::uint64_t mixed(std::uint64_t value) { return Random(value).next(); }

std::uint64_t big_endian(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = value << 8 | bytes[i];
  return value;
}

}  // namespace

std::optional<unsigned> parse_decimal(std::string_view text, unsigned max) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > max) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return value;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto port = parse_decimal(text, 65535);
  if (!port || *port == 0) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  return text.find(':') == std::string_view::npos ? parse_v4(text) : parse_v6(text);
}

std::string to_string(const IpAddress& ip) { return ip.v6 ? v6_text(ip.bytes) : v4_text(ip.bytes.data()); }

std::string to_string(const Endpoint& endpoint) {
  const std::string ip = to_string(endpoint.ip);
  return (endpoint.ip.v6 ? '[' + ip + ']' : ip) + ':' + std::to_string(endpoint.port);
}

std::uint64_t stable_hash(const Endpoint& endpoint) {
  const std::uint64_t high = mixed(big_endian(&endpoint.ip.bytes[0]));
  const std::uint64_t whole = mixed(high ^ big_endian(&endpoint.ip.bytes[8]));
  return mixed(whole ^ endpoint.port ^ (endpoint.ip.v6 ? 0x10000U : 0U));
}

}  // namespace fwd
