#include "config/broken_config.h"

#include <gmock/gmock.h>

namespace fwd {
namespace {

TEST_P(BrokenConfigTest, TellsEveryFaultWithItsPlace) {
  const ConfigResult result = parse_config(GetParam().text, "f.yaml");
  EXPECT_THAT(faults_of(result, "f.yaml"), testing::ElementsAreArray(GetParam().faults));
}

TEST(ConfigFaultTest, IsPrintedWithFileLineColumnAndKey) {
  const ConfigResult result = parse_config("server: { backlog: 0 }", "/etc/tf/config.yaml");
  ASSERT_EQ(result.faults.size(), 1U);
  EXPECT_EQ(
      to_string(result.faults[0]),
      "/etc/tf/config.yaml:1:20: server.backlog: 0 is out of range; allowed: a whole number from 1 to 65535");
}

TEST(ConfigFaultTest, OfTheWholeFileHasNoLine) {
  const ConfigResult result = parse_config(std::string(2'000'000, ' '), "big.yaml");
  ASSERT_EQ(result.faults.size(), 1U);
  EXPECT_EQ(to_string(result.faults[0]), "big.yaml: too large; allowed: at most 1048576 bytes");
}

TEST(ConfigFaultTest, DeepNestingIsRefusedKindly) {
  const ConfigResult result = parse_config(std::string(100, '[') + std::string(100, ']'), "f.yaml");
  EXPECT_THAT(faults_of(result, "f.yaml"),
              testing::ElementsAre("1:65: not valid YAML: nested more than 64 levels deep"));
}

TEST(ConfigFaultTest, CountIsBounded) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "key" + std::to_string(i) + ": 1\n";
  const ConfigResult result = parse_config(text, "f.yaml");
  ASSERT_EQ(result.faults.size(), 1001U);
  EXPECT_EQ(to_string(result.faults.back()), "f.yaml: too many faults; the others are left out");
}

}  // namespace
}  // namespace fwd
