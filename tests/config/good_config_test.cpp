#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/reader.h"

namespace fwd {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

Config parse_good(const std::string& text, const std::string& file = "config.yaml") {
  const ConfigResult result = parse_config(text, file);
  for (const ConfigFault& fault : result.faults) ADD_FAILURE() << to_string(fault);
  return result.config;
}

// The one service of a configuration.
ServiceConfig parse_service(const std::string& text) {
  const Config config = parse_good(text);
  return config.services.empty() ? ServiceConfig{} : config.services.front();
}

std::vector<std::string> listen_of(const ServiceConfig& service) {
  std::vector<std::string> texts;
  for (const ListenAddress& address : service.server.listen) texts.push_back(to_string(address));
  return texts;
}

TEST(GoodConfigTest, EmptyTextGivesTheDefaults) {
  const Config config = parse_good("");
  ASSERT_EQ(config.services.size(), 1U);
  const ServiceConfig& service = config.services[0];
  EXPECT_EQ(service.name, "default");
  EXPECT_THAT(listen_of(service), ElementsAre("127.0.0.1:1234"));
  EXPECT_EQ(to_string(config.metrics.listen), "127.0.0.1:9099");
  EXPECT_EQ(config.max_connections, 25000U);
  EXPECT_EQ(config.logging, LoggingConfig{});
  EXPECT_EQ(service.remotes.scoring, ScoringConfig{});
  EXPECT_EQ(service.remotes.probing, ProbingConfig{});
  EXPECT_EQ(service.remotes.selector, SelectorConfig{});
  EXPECT_EQ(service.pools, PoolsConfig{});
}

TEST(GoodConfigTest, WhatSaysNothingGivesTheDefaults) {
  const Config defaults = parse_good("");
  for (const char* text : {"\n\n", "# only a comment\n", "---\n", "{}", "~", "server:\nlogging:\nservices:\n",
                           "server:\n  backlog:\n  listen_addr: ~\n", "remotes: { probing: { initial: } }",
                           "\xef\xbb\xbf# with a byte order mark\n", "   \n \t\n"}) {
    EXPECT_EQ(parse_good(text), defaults) << text;
  }
}

TEST(GoodConfigTest, ReadsEveryKindOfValue) {
  const Config config = parse_good(
      "server: { workers: 3, worker_cpu_affinity: true, max_connections: 7 }\n"
      "logging: { level: debug, format: \"json\", output: stderr }\n"
      "metrics: { enabled: false, listen_addr: \"[::1]:0\", path: '/m', max_backends: 5 }\n"
      "remotes:\n"
      "  source_addrs: [127.0.0.2, \"::1\"]\n"
      "  scoring: { latency: { ewma_alpha: 5e-1 }, historical_bonus: { max_bonus: 3 } }\n"
      "pools: { algorithm: p2c, common: { keepalive: { idle: \"1m30s\" } } }\n");
  EXPECT_EQ(config.workers, 3U);
  EXPECT_TRUE(config.worker_cpu_affinity);
  EXPECT_EQ(config.max_connections, 7U);
  EXPECT_EQ(config.logging.level, LogLevel::debug);
  EXPECT_EQ(config.logging.format, LogFormat::json);
  EXPECT_EQ(config.logging.output, "stderr");
  EXPECT_FALSE(config.metrics.enabled);
  EXPECT_EQ(to_string(config.metrics.listen), "[::1]:0");
  EXPECT_EQ(config.metrics.path, "/m");
  const ServiceConfig& service = config.services.at(0);
  EXPECT_THAT(service.remotes.source_addrs, ElementsAre(*parse_ip("127.0.0.2"), *parse_ip("::1")));
  EXPECT_DOUBLE_EQ(service.remotes.scoring.latency.ewma_alpha, 0.5);
  EXPECT_DOUBLE_EQ(service.remotes.scoring.historical_bonus.max_bonus, 3);
  EXPECT_EQ(service.pools.algorithm, BalancingAlgorithm::p2c);
  EXPECT_EQ(service.pools.keepalive.idle, 90s);
}

TEST(GoodConfigTest, ReadsWhatMakesALink) {
  const ServiceConfig service = parse_service(
      "remotes:\n"
      "  proxy_protocol: v2\n"
      "  tls:\n"
      "    enabled: true\n"
      "    server_name: \"Backend.Example.\"\n"
      "    verify: false\n"
      "    alpn: [h2, http/1.1]\n"
      "    min_version: \"1.3\"\n"
      "    handshake_timeout: \"4s\"\n"
      "pools: { common: { idle_timeout: \"90s\" } }\n");
  EXPECT_EQ(service.remotes.proxy_protocol, ProxyProtocol::v2);
  const TlsOptions& tls = service.remotes.tls;
  EXPECT_TRUE(tls.enabled);
  EXPECT_EQ(tls.server_name, "backend.example");
  EXPECT_FALSE(tls.verify);
  EXPECT_THAT(tls.alpn, ElementsAre("h2", "http/1.1"));
  EXPECT_EQ(tls.min_version, TlsVersion::v1_3);
  EXPECT_EQ(tls.handshake_timeout, 4s);
  EXPECT_EQ(service.pools.idle_timeout, 90s);
}

TEST(GoodConfigTest, ReadsThePoolStrategy) {
  const PoolSizing sizing = parse_service(
                                "pools:\n"
                                "  strategy:\n"
                                "    type: static\n"
                                "    static: { size_per_remote: 7 }\n"
                                "    dynamic:\n"
                                "      min_size: 1\n"
                                "      max_size: 9\n"
                                "      scaling:\n"
                                "        interval: \"2s\"\n"
                                "        target_buffer_ratio: 0.5\n"
                                "        scale_up_increment: 3\n"
                                "        scale_down_increment: 2\n")
                                .pools.sizing;
  EXPECT_EQ(sizing, (PoolSizing{.strategy = PoolStrategy::fixed,
                                .size_per_remote = 7,
                                .min_size = 1,
                                .max_size = 9,
                                .interval = 2s,
                                .target_buffer_ratio = 0.5,
                                .scale_up_increment = 3,
                                .scale_down_increment = 2}));
}

TEST(GoodConfigTest, KnowsEveryPoolStrategy) {
  const auto strategy = [](const std::string& name) {
    return parse_service("pools: { strategy: { type: " + name + " } }").pools.sizing.strategy;
  };
  EXPECT_EQ(strategy("none"), PoolStrategy::none);
  EXPECT_EQ(strategy("static"), PoolStrategy::fixed);
  EXPECT_EQ(strategy("dynamic"), PoolStrategy::dynamic);
  EXPECT_EQ(strategy("predictive"), PoolStrategy::predictive);
}

TEST(GoodConfigTest, ServerNameMayBeAnAddressOrNothing) {
  const auto name = [](const std::string& text) {
    return parse_service("remotes: { tls: { server_name: \"" + text + "\" } }").remotes.tls.server_name;
  };
  EXPECT_EQ(name("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(name("2001:DB8::1"), "2001:db8::1");
  EXPECT_EQ(name(""), "");
}

TEST(GoodConfigTest, ListensOnOneAddressOrAList) {
  EXPECT_THAT(listen_of(parse_service("server: { listen_addr: ':80' }")), ElementsAre(":80"));
  EXPECT_THAT(listen_of(parse_service("server: { listen_addr: ['127.0.0.1:0', '[::1]:0', 'unix:/run/tf'] }")),
              ElementsAre("127.0.0.1:0", "[::1]:0", "unix:/run/tf"));
}

TEST(GoodConfigTest, PortZeroNeverClashes) {
  const Config config = parse_good(
      "server: { listen_addr: [\"127.0.0.1:0\", \":0\"] }\n"
      "metrics: { listen_addr: \"127.0.0.1:0\" }\n");
  EXPECT_EQ(config.services.at(0).server.listen.size(), 2U);
}

TEST(GoodConfigTest, OneAddressOnTwoPortsOrFamiliesIsFine) {
  const auto service = parse_service("server: { listen_addr: ['0.0.0.0:80', '[::]:80', '127.0.0.1:81'] }");
  EXPECT_EQ(service.server.listen.size(), 3U);
}

TEST(GoodConfigTest, MetricsThatAreOffTakeNoAddress) {
  EXPECT_FALSE(parse_good("metrics: { enabled: false, listen_addr: \"127.0.0.1:1234\" }").metrics.enabled);
}

TEST(GoodConfigTest, AcceptsCrlfAndJson) {
  EXPECT_EQ(parse_service("server:\r\n  backlog: 7\r\n").server.backlog, 7);
  EXPECT_EQ(parse_service("{\"server\": {\"backlog\": 7}}").server.backlog, 7);
}

TEST(GoodConfigTest, AcceptsAnAliasForAValue) {
  const auto service = parse_service("server: { idle_timeout: &t \"9s\", half_close_timeout: *t }");
  EXPECT_EQ(service.server.half_close_timeout, 9s);
}

TEST(GoodConfigTest, WeightGivesTheMaxScoreThatIsLeftOut) {
  const auto scoring = parse_service(
                           "remotes:\n"
                           "  scoring:\n"
                           "    weights: { latency: 0.6, jitter: 0.1 }\n"
                           "    jitter: { max_score: 12 }\n")
                           .remotes.scoring;
  EXPECT_DOUBLE_EQ(scoring.latency.max_score, 60);
  EXPECT_DOUBLE_EQ(scoring.jitter.max_score, 12);
  EXPECT_DOUBLE_EQ(scoring.success_rate.max_score, 40);
}

TEST(GoodConfigTest, PathsAreRelativeToTheFile) {
  const std::string text =
      "logging: { output: \"../log/tf.log\" }\n"
      "remotes: { provider: { file: { path: \"lists/a.txt\" } } }\n";
  const Config config = parse_good(text, "/etc/tf/config.yaml");
  EXPECT_EQ(config.logging.output, "/etc/log/tf.log");
  EXPECT_EQ(config.services.at(0).remotes.file.path, "/etc/tf/lists/a.txt");
  EXPECT_EQ(parse_good("", "/etc/tf/config.yaml").services.at(0).remotes.file.path, "/etc/tf/ip_list.txt");
  EXPECT_EQ(parse_good("", "config.yaml").services.at(0).remotes.file.path, "ip_list.txt");
}

TEST(GoodConfigTest, AbsolutePathsStay) {
  const Config config =
      parse_good("remotes: { provider: { file: { path: /srv/list.txt } } }", "/etc/config.yaml");
  EXPECT_EQ(config.services.at(0).remotes.file.path, "/srv/list.txt");
}

TEST(ReadConfigTest, FileThatIsNotThereIsAFault) {
  const ConfigResult result = read_config("/nonexistent/config.yaml");
  ASSERT_EQ(result.faults.size(), 1U);
  EXPECT_EQ(to_string(result.faults[0]),
            "/nonexistent/config.yaml: cannot be read: No such file or directory");
}

TEST(ReadConfigTest, DirectoryIsAFault) {
  const ConfigResult result = read_config("/");
  ASSERT_EQ(result.faults.size(), 1U);
  EXPECT_EQ(to_string(result.faults[0]), "/: cannot be read: Is a directory");
}

}  // namespace
}  // namespace fwd
