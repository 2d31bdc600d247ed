#include "config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>

namespace fwd {
namespace {

Place place_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1};
}

// Builds the tree of the one document there may be. The depth is checked before yaml-cpp goes down a level.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(YamlTree& tree) : tree_(tree) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (started_)
      throw YAML::ParserException(mark, "the text before this is complete; check the indentation");
    started_ = true;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    attach(make(YamlNode::Kind::null, mark, anchor));
  }
  void OnAlias(const YAML::Mark& /*mark*/, YAML::anchor_t anchor) override { attach(anchors_.at(anchor)); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode* node = make(YamlNode::Kind::scalar, mark, anchor);
    node->text = value;
    node->quoted = tag == "!";
    attach(node);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(YamlNode::Kind::sequence, mark, anchor);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(YamlNode::Kind::map, mark, anchor);
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  YamlNode* make(YamlNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    YamlNode& node = tree_.nodes.emplace_back();
    node.kind = kind;
    node.place = place_of(mark);
    if (anchor != YAML::NullAnchor) anchors_[anchor] = &node;
    return &node;
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (open_.size() == kDeepestYaml) {
      throw YAML::ParserException(mark, "nested more than " + std::to_string(kDeepestYaml) + " levels deep");
    }
    YamlNode* node = make(kind, mark, anchor);
    attach(node);
    open_.push_back(node);
  }

  void attach(const YamlNode* node) {
    if (open_.empty()) {
      tree_.root = node;
      return;
    }
    YamlNode& parent = *open_.back();
    if (parent.kind == YamlNode::Kind::sequence) {
      parent.items.push_back(node);
    } else if (parent.entries.empty() || parent.entries.back().second != nullptr) {
      parent.entries.emplace_back(node, nullptr);
    } else {
      parent.entries.back().second = node;
    }
  }

  YamlTree& tree_;
  bool started_ = false;
  std::vector<YamlNode*> open_;
  std::map<YAML::anchor_t, YamlNode*> anchors_;
};

// The commonest faults in words that help more than those of yaml-cpp.
std::string explain(const std::string& message) {
  struct Explanation {
    const char* from;
    const char* to;
  };
  static const std::array<Explanation, 7> explanations = {{
      {YAML::ErrorMsg::EOF_IN_SCALAR, "a quote above is not closed"},
      {YAML::ErrorMsg::MAP_VALUE, "this \":\" does not belong here; check the indentation and quotes"},
      {YAML::ErrorMsg::END_OF_MAP,
       "this does not line up with the keys above it; check the indentation and quotes"},
      {YAML::ErrorMsg::END_OF_SEQ, "this does not line up with the list above it"},
      {YAML::ErrorMsg::END_OF_MAP_FLOW, "a \"{\" above is not closed by \"}\""},
      {YAML::ErrorMsg::END_OF_SEQ_FLOW, "a \"[\" above is not closed by \"]\""},
      {YAML::ErrorMsg::UNKNOWN_TOKEN, "a value cannot begin with this; put it in quotes"},
  }};
  for (const Explanation& explanation : explanations) {
    if (message == explanation.from) return explanation.to;
  }
  return message;
}

// yaml-cpp finds a tab in the indentation, but mostly blames what comes after it.
bool has_tab_in_indentation(std::string_view text, std::size_t line) {
  for (std::size_t i = 1; i < line && !text.empty(); ++i) text.remove_prefix(text.find('\n') + 1);
  return text.substr(0, text.find_first_not_of(" \t")).find('\t') != std::string_view::npos;
}

YamlFault to_fault(const YAML::Exception& e, std::string_view text) {
  const Place place = place_of(e.mark);
  const bool tab = place.line > 0 && has_tab_in_indentation(text, place.line);
  return {place, "not valid YAML: " + (tab ? "a tab in the indentation; allowed: spaces" : explain(e.msg))};
}

// yaml-cpp takes a quote that is never closed for closed when the text ends in white space.
std::string without_trailing_space(std::string_view text) {
  return std::string(text.substr(0, text.find_last_not_of(" \t\r\n") + 1));
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

std::optional<YamlFault> find_control_character(std::string_view text) {
  const auto at = std::find_if(text.begin(), text.end(), is_control);
  if (at == text.end()) return std::nullopt;
  const auto before = text.substr(0, static_cast<std::size_t>(at - text.begin()));
  const auto lines = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return YamlFault{{lines + 1, before.size() - line_start + 1}, "a control character; allowed: UTF-8 text"};
}

std::optional<YamlFault> find_unfit(std::string_view text) {
  if (text.size() > kLargestYamlBytes) {
    return YamlFault{{}, "too large; allowed: at most " + std::to_string(kLargestYamlBytes) + " bytes"};
  }
  return find_control_character(text);
}

}  // namespace

YamlTree parse_yaml(std::string_view text) {
  YamlTree tree;
  tree.fault = find_unfit(text);
  if (tree.fault) return tree;
  try {
    std::istringstream in(without_trailing_space(text));
    YAML::Parser parser(in);
    TreeBuilder builder(tree);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& e) {
    tree.root = nullptr;
    tree.fault = to_fault(e, text);
  }
  return tree;
}

}  // namespace fwd
