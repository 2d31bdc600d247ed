#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/faults.h"
#include "config/parsed.h"
#include "config/yaml_tree.h"

namespace fwd {

// What a value may be. A rule has
//   Value    what it reads
//   parse    one scalar of the file into a Value, or what is wrong with it
//   allowed  what is allowed, as every message and docs/configuration.md say it
//   show     a Value as it would be written

struct Flag {
  using Value = bool;
  Parsed<bool> parse(const YamlNode& scalar) const;
  std::string allowed() const { return "true or false"; }
  std::string show(bool value) const { return value ? "true" : "false"; }
};

struct Whole {
  using Value = std::int64_t;
  Value min;
  Value max;
  Parsed<Value> parse(const YamlNode& scalar) const;
  std::string allowed() const;
  std::string show(Value value) const { return std::to_string(value); }
};

struct Number {
  using Value = double;
  double min;
  double max;
  bool above_min = false;  // the minimum itself is not allowed
  Parsed<double> parse(const YamlNode& scalar) const;
  std::string allowed() const;
  std::string show(double value) const;
};

struct Span {
  using Value = Duration;
  Duration min;
  Duration max;
  Duration step = Duration{1};
  Parsed<Duration> parse(const YamlNode& scalar) const;
  std::string allowed() const;
  std::string show(Duration value) const;
};

struct Text {
  using Value = std::string;
  bool may_be_empty = false;
  Parsed<std::string> parse(const YamlNode& scalar) const;
  std::string allowed() const { return may_be_empty ? "text" : "text that is not empty"; }
  std::string show(const std::string& value) const { return quote(value); }
};

struct UrlPath {
  using Value = std::string;
  Parsed<std::string> parse(const YamlNode& scalar) const;
  std::string allowed() const { return "\"/\" and then letters, digits or any of /._-~"; }
  std::string show(const std::string& value) const { return quote(value); }
};

struct Address {
  using Value = IpAddress;
  Parsed<IpAddress> parse(const YamlNode& scalar) const;
  std::string allowed() const { return "an IP address"; }
  std::string show(const IpAddress& value) const { return quote(to_string(value)); }
};

// The name that a certificate is verified by: a host name or an IP address. Empty means not given.
struct HostName {
  using Value = std::string;
  Parsed<std::string> parse(const YamlNode& scalar) const;
  std::string allowed() const { return "a host name, an IP address, or empty"; }
  std::string show(const std::string& value) const { return quote(value); }
};

// Of ALPN.
struct ProtocolName {
  using Value = std::string;
  Parsed<std::string> parse(const YamlNode& scalar) const;
  std::string allowed() const { return "text of 1 to 255 bytes"; }
  std::string show(const std::string& value) const { return quote(value); }
};

struct Listen {
  using Value = ListenAddress;
  bool tcp_only = false;
  Parsed<ListenAddress> parse(const YamlNode& scalar) const;
  std::string allowed() const;
  std::string show(const ListenAddress& value) const { return quote(to_string(value)); }
};

// One of some names. Those of parts that are not built yet are known, so that the message can say so.
template <class T>
struct OneOf {
  using Value = T;
  std::vector<std::pair<std::string_view, T>> choices;
  std::vector<std::string_view> not_built = {};

  Parsed<T> parse(const YamlNode& scalar) const {
    for (const auto& [name, value] : choices) {
      if (name == scalar.text) return Parsed<T>::ok(value);
    }
    const bool later = std::find(not_built.begin(), not_built.end(), scalar.text) != not_built.end();
    return Parsed<T>::bad(quote(scalar.text) + (later ? " is not built yet" : " is not known"));
  }
  std::string allowed() const {
    std::string names;
    for (const auto& choice : choices) names += (names.empty() ? "" : ", ") + quote(choice.first);
    return names;
  }
  std::string show(const T& value) const {
    for (const auto& choice : choices) {
      if (choice.second == value) return quote(choice.first);
    }
    return {};
  }
};

// A list of what another rule reads.
template <class Rule>
struct ListOf {
  using Value = std::vector<typename Rule::Value>;
  Rule each;
  std::size_t min = 0;
  std::size_t max = 1024;
  bool or_single = false;  // one value without the list is allowed too

  std::string allowed() const {
    return or_single ? each.allowed() + ", or a list of them" : "a list, each " + each.allowed();
  }
  std::string show(const Value& values) const {
    std::string text;
    for (const auto& value : values) text += (text.empty() ? "" : ", ") + each.show(value);
    return or_single && values.size() == 1 ? text : "[" + text + "]";
  }
};

// Where the faults of one value go.
struct Report {
  Faults& faults;
  std::string key;

  void fault(const YamlNode& at, const std::string& wrong, const std::string& allowed) const {
    faults.add(at.place, key, wrong + "; allowed: " + allowed);
  }
};

// What a node is that should be something else: "is a list".
std::string describe(const YamlNode& node);

template <class Rule>
std::optional<typename Rule::Value> read_value(const Rule& rule, const YamlNode& node, const Report& report) {
  if (node.kind != YamlNode::Kind::scalar) {
    report.fault(node, describe(node), rule.allowed());
    return std::nullopt;
  }
  auto parsed = rule.parse(node);
  if (!parsed.value) report.fault(node, parsed.wrong, rule.allowed());
  return std::move(parsed.value);
}

template <class Rule>
std::optional<typename ListOf<Rule>::Value> read_value(const ListOf<Rule>& rule, const YamlNode& node,
                                                       const Report& report) {
  const bool single = rule.or_single && node.kind == YamlNode::Kind::scalar;
  if (!single && node.kind != YamlNode::Kind::sequence) {
    report.fault(node, describe(node), rule.allowed());
    return std::nullopt;
  }
  const std::vector<const YamlNode*> items = single ? std::vector{&node} : node.items;
  if (items.size() < rule.min || items.size() > rule.max) {
    report.fault(node, "has " + std::to_string(items.size()) + " entries",
                 std::to_string(rule.min) + " to " + std::to_string(rule.max));
    return std::nullopt;
  }
  typename ListOf<Rule>::Value values;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string key = single ? report.key : report.key + "[" + std::to_string(i) + "]";
    auto value = read_value(rule.each, *items[i], Report{report.faults, key});
    if (value) values.push_back(std::move(*value));
  }
  if (values.size() < items.size()) return std::nullopt;
  return values;
}

}  // namespace fwd
