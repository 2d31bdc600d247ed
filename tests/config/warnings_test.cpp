#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/reader.h"

namespace fwd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> warnings_of(const std::string& text) {
  const ConfigResult result = parse_config(text, "f.yaml");
  for (const ConfigFault& fault : result.faults) ADD_FAILURE() << to_string(fault);
  return result.warnings;
}

TEST(ConfigWarningTest, WeightThatAMaxScoreOverrulesHasNoEffect) {
  EXPECT_THAT(
      warnings_of("remotes: { scoring: { weights: { latency: 0.5 }, latency: { max_score: 45 } } }"),
      ElementsAre("remotes.scoring.weights.latency has no effect: remotes.scoring.latency.max_score is given "
                  "too, and wins"));
}

TEST(ConfigWarningTest, BackendsAreNotVerified) {
  EXPECT_THAT(warnings_of("remotes: { tls: { enabled: true, verify: false } }"),
              ElementsAre("remotes.tls.verify is false: the backends are not verified"));
}

TEST(ConfigWarningTest, TlsKeyHasNoEffectWhileTlsIsOff) {
  EXPECT_THAT(warnings_of("remotes: { tls: { ca_file: ca.pem, verify: false, handshake_timeout: \"2s\" } }"),
              ElementsAre("remotes.tls.verify has no effect: remotes.tls.enabled is false",
                          "remotes.tls.ca_file has no effect: remotes.tls.enabled is false"));
}

TEST(ConfigWarningTest, ProxyHeaderBeforeTlsLeavesPlainLinksInThePool) {
  EXPECT_THAT(
      warnings_of("remotes: { proxy_protocol: v2, tls: { enabled: true } }"),
      ElementsAre("remotes.proxy_protocol with remotes.tls.enabled: the pool keeps plain TCP links and "
                  "shakes hands when one is taken, since the header has to come before the handshake"));
  EXPECT_THAT(warnings_of("remotes: { proxy_protocol: v2 }"), IsEmpty());
}

constexpr const char* kEveryStrategyKey =
    "    static: { size_per_remote: 1 }\n"
    "    dynamic:\n"
    "      min_size: 1\n"
    "      max_size: 2\n"
    "      scaling: { interval: \"2s\", target_buffer_ratio: 1, scale_up_increment: 1, scale_down_increment: "
    "1 }\n";

// The keys that have no effect, when each differs from its default.
std::vector<std::string> without_effect(const std::string& type) {
  std::vector<std::string> keys;
  const std::string why = " has no effect: pools.strategy.type is \"" + type + "\"";
  for (const std::string& text :
       warnings_of("pools:\n  common: { idle_timeout: \"5m\" }\n  strategy:\n    type: " + type + "\n" +
                   kEveryStrategyKey)) {
    EXPECT_THAT(text, testing::EndsWith(why));
    const std::string path = text.substr(0, text.find(' '));
    keys.push_back(path.substr(path.rfind('.') + 1));
  }
  return keys;
}

TEST(ConfigWarningTest, KeysOfAnotherStrategyHaveNoEffect) {
  EXPECT_THAT(without_effect("none"),
              ElementsAre("idle_timeout", "size_per_remote", "min_size", "max_size", "interval",
                          "target_buffer_ratio", "scale_up_increment", "scale_down_increment"));
  EXPECT_THAT(without_effect("static"), ElementsAre("min_size", "max_size", "target_buffer_ratio",
                                                    "scale_up_increment", "scale_down_increment"));
  EXPECT_THAT(without_effect("dynamic"), ElementsAre("size_per_remote"));
  EXPECT_THAT(without_effect("predictive"), ElementsAre("size_per_remote", "target_buffer_ratio",
                                                        "scale_up_increment", "scale_down_increment"));
}

TEST(ConfigWarningTest, KeyThatSaysItsDefaultIsFine) {
  EXPECT_THAT(warnings_of("pools: { strategy: { type: none, static: { size_per_remote: 50 } } }"), IsEmpty());
}

TEST(ConfigWarningTest, KeyOfTheTopIsFineWhenOneServiceUsesIt) {
  const std::string top =
      "remotes: { tls: { enabled: true, handshake_timeout: \"1s\" } }\n"
      "services:\n"
      "  - { name: a, server: { listen_addr: ':1' }, remotes: { tls: { enabled: false } } }\n";
  EXPECT_THAT(warnings_of(top), ElementsAre("remotes.tls.handshake_timeout has no effect: "
                                            "remotes.tls.enabled is false"));
  EXPECT_THAT(warnings_of(top + "  - { name: b, server: { listen_addr: ':2' } }\n"), IsEmpty());
}

TEST(ConfigWarningTest, NamesTheServiceThatItIsAbout) {
  EXPECT_THAT(warnings_of("services:\n"
                          "  - name: a\n"
                          "    remotes: { tls: { enabled: true, verify: false } }\n"),
              ElementsAre("services[0].remotes.tls.verify is false: the backends are not verified"));
}

}  // namespace
}  // namespace fwd
