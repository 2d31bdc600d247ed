#include "config/key_reader.h"

#include <map>

#include "config/suggest.h"

namespace fwd {
namespace {

std::string join(const std::string& section, const std::string& name) {
  return section.empty() ? name : section + "." + name;
}

std::string list(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// A declared path that ends in `name`, for a key that was put into the wrong block.
std::optional<std::string> find_elsewhere(const std::string& name, bool in_service) {
  for (const Key& key : all_keys()) {
    if (in_service && key.scope == Scope::process) continue;
    const std::string path = key.path + ".";
    const std::size_t at = path.find("." + name + ".");
    if (at != std::string::npos) return path.substr(0, at + 1 + name.size());
  }
  return std::nullopt;
}

}  // namespace

void KeyReader::read_block(const YamlNode& block, const std::string& path) {
  if (block.kind == YamlNode::Kind::null) return;  // an empty block: the defaults
  if (block.kind != YamlNode::Kind::map) {
    const std::string message = describe(block) + "; allowed: a block of keys (";
    faults_.add(block.place, full(path), message + list(known_in(path)) + ")");
    return;
  }
  std::map<std::string_view, std::size_t> lines;
  for (const auto& [name, value] : block.entries) {
    if (faults_.full()) return;
    if (name->kind != YamlNode::Kind::scalar) {
      faults_.add(name->place, full(path), "a key " + describe(*name) + "; allowed: a name");
      continue;
    }
    const auto [first, is_first] = lines.emplace(name->text, name->place.line);
    if (is_first) {
      read_entry(path, *name, *value);
    } else {
      faults_.add(name->place, full(join(path, name->text)),
                  "given twice, first in line " + std::to_string(first->second) + "; allowed: once");
    }
  }
}

void KeyReader::read_entry(const std::string& section, const YamlNode& name, const YamlNode& value) {
  const std::string path = join(section, name.text);
  if (path == own_name_) {
    own_value_ = &value;
    return;
  }
  const Key* key = find_key(path);
  if (key == nullptr && names_in(path, false).empty()) {
    faults_.add(name.place, full(path), unknown(section, name.text));
  } else if (in_service() && process_wide(path)) {
    faults_.add(name.place, full(path), "holds for the whole process; allowed: at the top level, as " + path);
  } else if (key != nullptr) {
    read_key(*key, value);
  } else {
    read_block(value, path);
  }
}

void KeyReader::read_key(const Key& key, const YamlNode& value) {
  if (value.kind == YamlNode::Kind::null) return;  // an empty value: the default
  const Report report{faults_, full(key.path)};
  const bool good = key.read(value, draft_, report);
  draft_.given[key.path] = {value.place, report.key, !good};
}

std::vector<std::string> KeyReader::known_in(const std::string& section) const {
  std::vector<std::string> known = names_in(section, in_service());
  if (section.empty()) known.emplace_back(own_name_);
  return known;
}

std::string KeyReader::unknown(const std::string& section, const std::string& name) const {
  if (name == "<<") return "merge keys are not supported; allowed: the keys themselves";
  auto meant = nearest(name, known_in(section));
  if (!meant) meant = find_elsewhere(name, in_service());
  if (meant) return "unknown key; did you mean \"" + *meant + "\"?";
  return "unknown key; allowed here: " + list(known_in(section));
}

}  // namespace fwd
