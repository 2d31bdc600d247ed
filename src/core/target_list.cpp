#include "core/target_list.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace fwd {
namespace {

using Text = std::string_view;

constexpr Text kByteOrderMark = "\xef\xbb\xbf";
constexpr Text kBlanks = " \t\r\f\v";
constexpr Text kHostCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
constexpr std::size_t kLongestHost = 253;
constexpr std::size_t kLongestLabel = 63;

// What is wrong in a line; `at` is a part of it.
struct Problem {
  Text at;
  std::string message;
};
using Failure = std::optional<Problem>;

// An entry taken apart: address, address/prefix, address:port, address/prefix:port.
struct Parts {
  Text address;
  std::optional<Text> prefix;
  std::optional<Text> port;
  bool bracketed = false;
};

bool only(Text allowed, Text text) { return text.find_first_not_of(allowed) == Text::npos; }
bool all_digits(Text text) { return !text.empty() && only("0123456789", text); }
char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// The list may hold anything, and the message goes to a terminal.
std::string quoted(Text text) {
  constexpr std::size_t kMost = 80;
  std::string out(text.substr(0, kMost));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return '"' + out + (text.size() > kMost ? "...\"" : "\"");
}

// Before and after the first `separator`.
std::pair<Text, std::optional<Text>> cut(Text text, char separator) {
  const std::size_t at = text.find(separator);
  if (at == Text::npos) return {text, std::nullopt};
  return {text.substr(0, at), text.substr(at + 1)};
}

Failure split_bracketed(Text text, Parts& parts) {
  const std::size_t close = text.find(']');
  if (close == Text::npos) return Problem{text, "the bracket is not closed; write [2001:db8::1]:8080"};
  parts.bracketed = true;
  std::tie(parts.address, parts.prefix) = cut(text.substr(1, close - 1), '/');
  const Text rest = text.substr(close + 1);
  if (rest.empty()) return std::nullopt;
  if (rest.front() != ':') {
    return Problem{rest, "only a port may follow ']'; write [2001:db8::1]:8080 or [2001:db8::/120]:443"};
  }
  parts.port = rest.substr(1);
  return std::nullopt;
}

// More than one ':' is left alone: that is an IPv6 address.
Parts split_bare(Text text) {
  Parts parts;
  std::tie(parts.address, parts.prefix) = cut(text, '/');
  if (parts.prefix) {
    std::tie(*parts.prefix, parts.port) = cut(*parts.prefix, ':');
  } else if (std::count(text.begin(), text.end(), ':') == 1) {
    std::tie(parts.address, parts.port) = cut(text, ':');
  }
  return parts;
}

Failure check_zone(Text address) {
  const auto [ip, zone] = cut(address, '%');
  if (!zone || !parse_ip(ip)) return std::nullopt;
  return Problem{address.substr(ip.size()), "zone identifiers are not supported; write the address without " +
                                                quoted(address.substr(ip.size()))};
}

Failure check_label(Text label) {
  if (label.empty()) return Problem{label, "a host name has no empty labels; write one dot between two"};
  if (label.size() > kLongestLabel) {
    return Problem{label, quoted(label) + " is too long; a label of a host name has at most 63 characters"};
  }
  if (only(kHostCharacters, label) && label.front() != '-' && label.back() != '-') return std::nullopt;
  return Problem{label, quoted(label) + " is not part of a host name; use letters, digits and inner hyphens"};
}

Text without_trailing_dot(Text host) { return host.ends_with('.') ? host.substr(0, host.size() - 1) : host; }

// A resolver may read such a name as an address of the old kind: 127.1, 0x7f000001.
bool ends_in_number(Text host) {
  const Text label = host.substr(host.rfind('.') + 1);
  const bool hexadecimal = label.starts_with("0x") || label.starts_with("0X");
  return hexadecimal ? only("0123456789abcdefABCDEF", label.substr(2)) : all_digits(label);
}

// RFC 1123.
Failure check_host(Text written) {
  if (written.empty()) return Problem{written, "the address is missing before ':'"};
  const Text host = without_trailing_dot(written);
  if (ends_in_number(host)) {
    return Problem{written, quoted(written) +
                                " is not an IPv4 address; write four numbers from 0 to 255 without leading "
                                "zeros, such as 192.0.2.1"};
  }
  for (Text rest = host;;) {
    const auto [label, more] = cut(rest, '.');
    if (auto failure = check_label(label)) return failure;
    if (!more) break;
    rest = *more;
  }
  if (host.size() <= kLongestHost) return std::nullopt;
  return Problem{written, "the host name is too long; at most 253 characters are allowed"};
}

// An address of several colons and no brackets.
Failure check_bare_v6(Text text, bool valid) {
  if (valid) return std::nullopt;
  const std::size_t colon = text.rfind(':');
  const Text front = text.substr(0, colon);
  const Text back = text.substr(colon + 1);
  const std::string with_port = '[' + std::string(front) + "]:" + std::string(back);
  const bool splits = parse_ip(front) && parse_port(back);
  if (splits) return Problem{text, "an IPv6 address with a port needs brackets; write " + with_port};
  return Problem{text, quoted(text) +
                           " is neither an IPv6 address nor host:port; write 2001:db8::1, "
                           "[2001:db8::1]:8080 or example.com:8080"};
}

Failure check_address(const Parts& parts, const std::optional<IpAddress>& ip) {
  const Text address = parts.address;
  if (auto failure = check_zone(address)) return failure;
  if (parts.bracketed) {
    if (ip && ip->v6) return std::nullopt;
    return Problem{address, quoted(address) +
                                " is not an IPv6 address; brackets are for IPv6 only, such as "
                                "[2001:db8::1]:8080"};
  }
  if (parts.prefix && !ip) {
    return Problem{address, quoted(address) +
                                " is not an IP address; a range is written 10.0.0.0/24, 10.0.0.0/24:8080 or "
                                "[2001:db8::/120]:443"};
  }
  if (parts.prefix && parts.port && ip->v6) {
    return Problem{address, "an IPv6 range with a port needs brackets; write [2001:db8::/120]:443"};
  }
  if (parts.prefix) return std::nullopt;
  if (address.find(':') != Text::npos) return check_bare_v6(address, ip.has_value());
  return ip ? std::nullopt : check_host(address);
}

Failure check_port(const std::optional<Text>& port) {
  if (!port || parse_port(*port)) return std::nullopt;
  return Problem{*port, quoted(*port) +
                            " is not a port; write a number from 1 to 65535, or leave out the ':' for the "
                            "default port"};
}

Failure check_prefix(const std::optional<Text>& prefix, unsigned longest) {
  if (!prefix || parse_decimal(*prefix, longest)) return std::nullopt;
  return Problem{*prefix, quoted(*prefix) + " is not a prefix length; write a number from 0 to " +
                              std::to_string(longest) + (longest == 32 ? " for IPv4" : " for IPv6")};
}

AddressRange network(IpAddress ip, int prefix, std::uint16_t port) {
  const int size = ip.v6 ? 16 : 4;
  for (int i = 0; i < size; ++i) {
    const int host_bits = std::clamp(8 * (i + 1) - prefix, 0, 8);
    auto& byte = ip.bytes[static_cast<std::size_t>(i)];
    byte = static_cast<std::uint8_t>(byte >> host_bits << host_bits);
  }
  return {ip, prefix, port};
}

std::string host_name(Text written) {
  std::string host(without_trailing_dot(written));
  std::transform(host.begin(), host.end(), host.begin(), to_lower);
  return host;
}

Failure add_entry(Text text, std::uint16_t default_port, TargetList& list) {
  if (text.find("://") != Text::npos) {
    return Problem{text,
                   quoted(text) + " is a URL; write the host and the port only, such as example.com:80"};
  }
  Parts parts;
  if (text.front() == '[') {
    if (auto failure = split_bracketed(text, parts)) return failure;
  } else {
    parts = split_bare(text);
  }
  const auto ip = parse_ip(parts.address);
  if (auto failure = check_address(parts, ip)) return failure;
  const unsigned longest = ip && ip->v6 ? 128 : 32;
  if (auto failure = check_prefix(parts.prefix, longest)) return failure;
  if (auto failure = check_port(parts.port)) return failure;

  const std::uint16_t port = parts.port ? *parse_port(*parts.port) : default_port;
  if (parts.prefix) {
    const int prefix = static_cast<int>(*parse_decimal(*parts.prefix, longest));
    list.ranges.push_back(network(*ip, prefix, port));
  } else if (ip) {
    list.endpoints.push_back({*ip, port});
  } else {
    list.hosts.push_back({host_name(parts.address), port});
  }
  return std::nullopt;
}

Failure add_line(Text line, std::uint16_t default_port, TargetList& list) {
  line = line.substr(0, line.find('#'));
  const std::size_t begin = line.find_first_not_of(kBlanks);
  if (begin == Text::npos) return std::nullopt;
  const std::size_t end = std::min(line.find_first_of(kBlanks, begin), line.size());
  const std::size_t second = line.find_first_not_of(kBlanks, end);
  if (second != Text::npos) {
    const Text extra = line.substr(second, line.find_last_not_of(kBlanks) + 1 - second);
    return Problem{extra, "one entry a line; put " + quoted(extra) + " on its own, or a '#' before it"};
  }
  return add_entry(line.substr(begin, end - begin), default_port, list);
}

}  // namespace

std::uint64_t AddressRange::size() const {
  constexpr int kMostBits = 62;
  const std::uint64_t all = std::uint64_t{1} << std::min(host_bits(), kMostBits);
  return first.v6 || host_bits() < 2 ? all : all - 2;
}

std::optional<std::string> parse_host_name(std::string_view text) {
  if (check_host(text)) return std::nullopt;
  return host_name(text);
}

TargetList parse_target_list(std::string_view text, std::uint16_t default_port) {
  TargetList list;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  for (std::size_t number = 1; !text.empty(); ++number) {
    const Text line = text.substr(0, text.find('\n'));
    if (const auto failure = add_line(line, default_port, list)) {
      const auto column = static_cast<std::size_t>(failure->at.data() - line.data()) + 1;
      list.faults.push_back({number, column, failure->message});
    }
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return list;
}

}  // namespace fwd
