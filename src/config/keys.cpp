#include "config/keys.h"

#include <algorithm>

namespace fwd {
namespace {

std::vector<Key> declare_all() {
  std::vector<Key> keys;
  declare_server_keys(keys);
  declare_remotes_keys(keys);
  declare_pools_keys(keys);
  return keys;
}

bool lies_in(std::string_view path, std::string_view section) {
  if (section.empty()) return true;
  return path.size() > section.size() && path.starts_with(section) && path[section.size()] == '.';
}

std::string_view first_part(std::string_view path, std::string_view section) {
  const std::string_view rest = path.substr(section.empty() ? 0 : section.size() + 1);
  return rest.substr(0, rest.find('.'));
}

}  // namespace

const std::vector<Key>& all_keys() {
  static const std::vector<Key> keys = declare_all();
  return keys;
}

const Key* find_key(std::string_view path) {
  const auto& keys = all_keys();
  const auto found =
      std::find_if(keys.begin(), keys.end(), [path](const Key& key) { return key.path == path; });
  return found == keys.end() ? nullptr : &*found;
}

std::vector<std::string> names_in(std::string_view section, bool in_service) {
  std::vector<std::string> names;
  for (const Key& key : all_keys()) {
    if (!lies_in(key.path, section) || (in_service && key.scope == Scope::process)) continue;
    const std::string_view name = first_part(key.path, section);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
  }
  return names;
}

bool process_wide(std::string_view path) {
  return std::all_of(all_keys().begin(), all_keys().end(), [path](const Key& key) {
    return key.scope == Scope::process || (key.path != path && !lies_in(key.path, path));
  });
}

}  // namespace fwd
