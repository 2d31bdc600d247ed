#pragma once

#include <string>
#include <string_view>

#include "config/draft.h"
#include "config/keys.h"
#include "config/yaml_tree.h"

namespace fwd {

// Reads a block of keys, the top level or one entry of `services`, into a draft. Descends only along declared
// keys, which bounds it whatever the tree looks like.
class KeyReader {
 public:
  // `own_name` is the one name at the outermost level that is not a declared key: "services" at the top
  // level, "name" in an entry. The caller reads its value.
  KeyReader(Draft& draft, Faults& faults, std::string_view own_name)
      : draft_(draft), faults_(faults), own_name_(own_name) {}

  void read(const YamlNode& block) { read_block(block, ""); }
  const YamlNode* own_value() const { return own_value_; }  // null when not given

 private:
  void read_block(const YamlNode& block, const std::string& path);
  void read_entry(const std::string& section, const YamlNode& name, const YamlNode& value);
  void read_key(const Key& key, const YamlNode& value);
  std::vector<std::string> known_in(const std::string& section) const;
  std::string unknown(const std::string& section, const std::string& name) const;
  bool in_service() const { return !draft_.prefix.empty(); }
  std::string full(const std::string& path) const { return draft_.prefix + printable(path); }

  Draft& draft_;
  Faults& faults_;
  std::string_view own_name_;
  const YamlNode* own_value_ = nullptr;
};

}  // namespace fwd
