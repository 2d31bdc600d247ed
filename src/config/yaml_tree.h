#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/faults.h"

namespace fwd {

// YAML as it was written: duplicate keys are still there, every node knows its place, and a quoted scalar is
// told from a plain one. An alias is the very node it names, so a tree may be reached twice, or even from
// inside itself: whoever walks it has to be bounded by something else than its leaves.
struct YamlNode {
  enum class Kind { null, scalar, sequence, map };

  Kind kind = Kind::null;
  Place place;
  std::string text;                                                  // scalar
  bool quoted = false;                                               // scalar
  std::vector<const YamlNode*> items;                                // sequence
  std::vector<std::pair<const YamlNode*, const YamlNode*>> entries;  // map
};

struct YamlFault {
  Place place;
  std::string message;
};

struct YamlTree {
  std::deque<YamlNode> nodes;      // owns every node
  const YamlNode* root = nullptr;  // null when the text is empty
  std::optional<YamlFault> fault;  // when set there is no root
};

// Bounds what yaml-cpp is given and how deep it may recurse, so that no text can exhaust the stack.
inline constexpr std::size_t kLargestYamlBytes = std::size_t{1024} * 1024;
inline constexpr std::size_t kDeepestYaml = 64;

// One document of YAML. Never throws on what the text says.
YamlTree parse_yaml(std::string_view text);

}  // namespace fwd
