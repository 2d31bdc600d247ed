#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/draft.h"
#include "config/rules.h"

namespace fwd {

enum class Scope {
  process,  // one value for the whole process: only at the top level
  service,  // may be overridden by each service
};

// One key of config.yaml, declared once: reading, suggestions, comparing and the tests of the documentation
// all work from this.
struct Key {
  std::string path;  // "remotes.probing.interval"
  Scope scope;
  std::string allowed;
  std::function<bool(const YamlNode&, Draft&, const Report&)> read;  // false when the value was refused
  std::function<std::string(const Draft&)> show;
};

// Every key, in the order of config.yaml.
const std::vector<Key>& all_keys();
const Key* find_key(std::string_view path);

// The names that may stand in a block: the first part after `section` of every key below it, in order, once
// each. Empty when `section` is not a block; "" is the top level.
std::vector<std::string> names_in(std::string_view section, bool in_service);
// True when nothing at or below the path may be set in a service.
bool process_wide(std::string_view path);

// Declares keys of one block. `object_of` gives the struct they are stored in, of a Draft or a const Draft.
template <class ObjectOf>
class Section {
 public:
  Section(std::vector<Key>& keys, std::string path, ObjectOf object_of, Scope scope = Scope::service)
      : keys_(keys), path_(std::move(path)), object_of_(object_of), scope_(scope) {}

  template <class Object, class Member, class Rule>
  Section& key(std::string_view name, Member Object::*member, Rule rule) {
    return key(name, member, std::move(rule), scope_);
  }
  template <class Object, class Member, class Rule>
  Section& key(std::string_view name, Member Object::*member, Rule rule, Scope scope) {
    const auto object_of = object_of_;
    Key key{path_ + "." + std::string(name), scope, rule.allowed(), {}, {}};
    key.read = [=](const YamlNode& node, Draft& draft, const Report& report) {
      auto value = read_value(rule, node, report);
      if (value) object_of(draft).*member = static_cast<Member>(std::move(*value));
      return value.has_value();
    };
    key.show = [=](const Draft& draft) {
      return rule.show(static_cast<typename Rule::Value>(object_of(draft).*member));
    };
    keys_.push_back(std::move(key));
    return *this;
  }

 private:
  std::vector<Key>& keys_;
  std::string path_;
  ObjectOf object_of_;
  Scope scope_;
};

// The declarations themselves, a file for each top-level block.
void declare_server_keys(std::vector<Key>& keys);  // and logging, metrics
void declare_remotes_keys(std::vector<Key>& keys);
void declare_scoring_keys(std::vector<Key>& keys);
void declare_pools_keys(std::vector<Key>& keys);

}  // namespace fwd
