#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "config/keys.h"
#include "config/reader.h"
#include "config/yaml_tree.h"

namespace fwd {
namespace {

using testing::IsEmpty;

const std::string root = std::string(FWD_SOURCE_DIR) + "/";

std::string read_file(const std::string& path) {
  std::ifstream in(root + path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void collect_paths(const YamlNode& block, const std::string& section, std::set<std::string>& paths) {
  for (const auto& [name, value] : block.entries) {
    const std::string path = section + name->text;
    if (value->kind == YamlNode::Kind::map) {
      collect_paths(*value, path + ".", paths);
    } else {
      paths.insert(path);
    }
  }
}

TEST(ShippedConfigTest, HasNoFaultAndNoWarning) {
  const ConfigResult result = read_config(root + "config.yaml");
  for (const ConfigFault& fault : result.faults) ADD_FAILURE() << to_string(fault);
  EXPECT_THAT(result.warnings, IsEmpty());
}

TEST(ShippedConfigTest, StatesTheDefaults) {
  const Config shipped = read_config(root + "config.yaml").config;
  const Config defaults = parse_config("", root + "config.yaml").config;
  for (const ConfigChange& change : compare(defaults, shipped)) {
    ADD_FAILURE() << change.key << ": " << change.from << " -> " << change.to;
  }
  EXPECT_EQ(shipped, defaults);
}

TEST(ShippedConfigTest, HasEveryKeyAndNoOther) {
  const std::string text = read_file("config.yaml");
  const YamlTree tree = parse_yaml(text);
  ASSERT_NE(tree.root, nullptr);
  std::set<std::string> stated;
  collect_paths(*tree.root, "", stated);
  std::set<std::string> declared;
  for (const Key& key : all_keys()) declared.insert(key.path);
  EXPECT_EQ(stated, declared);
}

TEST(ShippedConfigTest, RunsOnItsList) {
  const Config config = read_config(root + "config.yaml").config;
  const RemotesConfig& remotes = config.services.at(0).remotes;
  const ListResult result = read_target_list(remotes.file.path, remotes.default_remote_port);
  for (const ConfigFault& fault : result.faults) ADD_FAILURE() << to_string(fault);
  EXPECT_FALSE(result.list.endpoints.empty());
  EXPECT_FALSE(result.list.ranges.empty());
  EXPECT_FALSE(result.list.hosts.empty());
}

// The row of a key begins with its path, and has its default and what is allowed, in the words of the
// program.
TEST(ConfigurationPageTest, HasARowForEveryKey) {
  std::istringstream page(read_file("docs/configuration.md"));
  std::map<std::string, std::string> rows;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("| `")) rows[line.substr(3, line.find('`', 3) - 3)] = line;
  }
  const Draft defaults;
  for (const Key& key : all_keys()) {
    ASSERT_TRUE(rows.contains(key.path)) << key.path;
    EXPECT_THAT(rows[key.path], testing::HasSubstr("| `" + key.show(defaults) + "` |")) << key.path;
    EXPECT_THAT(rows[key.path], testing::HasSubstr("| " + key.allowed + " |")) << key.path;
  }
}

}  // namespace
}  // namespace fwd
