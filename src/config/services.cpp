#include "config/services.h"

#include <map>

#include "config/key_reader.h"
#include "config/rules.h"

namespace fwd {
namespace {

constexpr std::size_t kMostServices = 256;

struct ServiceName {
  using Value = std::string;
  Parsed<std::string> parse(const YamlNode& scalar) const {
    constexpr std::string_view kCharacters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    const std::string& text = scalar.text;
    if (text.empty()) return Parsed<std::string>::bad("is empty");
    if (text.find_first_not_of(kCharacters) == std::string::npos) return Parsed<std::string>::ok(text);
    return Parsed<std::string>::bad(quote(text) + " has a character that is not allowed");
  }
  std::string allowed() const { return "letters, digits, \"_\" and \"-\""; }
};

class ServiceList {
 public:
  ServiceList(const Draft& top, Faults& faults) : top_(top), faults_(faults) {}

  void read(const YamlNode& entry) {
    Draft draft = top_;
    draft.place = entry.place;
    draft.prefix = "services[" + std::to_string(index_++) + "].";
    if (entry.kind != YamlNode::Kind::map) {
      faults_.add(entry.place, draft.prefix.substr(0, draft.prefix.size() - 1),
                  describe(entry) + "; allowed: a block with a name");
      return;
    }
    KeyReader reader(draft, faults_, "name");
    reader.read(entry);
    read_name(reader.own_value(), draft);
    drafts_.push_back(std::move(draft));
  }
  std::vector<Draft> take() { return std::move(drafts_); }

 private:
  void read_name(const YamlNode* node, Draft& draft) {
    const ServiceName rule;
    const Report report{faults_, draft.prefix + "name"};
    if (node == nullptr || node->kind == YamlNode::Kind::null) {
      faults_.add(draft.place, report.key, "is missing; allowed: " + rule.allowed());
      return;
    }
    auto name = read_value(rule, *node, report);
    if (!name) return;
    const auto [first, is_first] = names_.emplace(*name, report.key);
    if (!is_first) {
      report.fault(*node, quote(*name) + " is taken by " + first->second, "a name of its own");
    }
    draft.service.name = std::move(*name);
  }

  const Draft& top_;
  Faults& faults_;
  std::size_t index_ = 0;
  std::vector<Draft> drafts_;
  std::map<std::string, std::string> names_;  // name -> key that gave it
};

}  // namespace

std::vector<Draft> read_services(const YamlNode* list, const Draft& top, Faults& faults) {
  if (list == nullptr || list->kind == YamlNode::Kind::null) return {top};
  const Report report{faults, "services"};
  if (list->kind != YamlNode::Kind::sequence) {
    report.fault(*list, describe(*list), "a list of services, each with a name");
    return {top};
  }
  const std::size_t count = list->items.size();
  if (count == 0 || count > kMostServices) {
    report.fault(*list, "has " + std::to_string(count) + " entries", "1 to " + std::to_string(kMostServices));
    return {top};
  }
  ServiceList services(top, faults);
  for (const YamlNode* entry : list->items) services.read(*entry);
  return services.take();
}

}  // namespace fwd
