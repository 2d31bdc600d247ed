#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/reader.h"

namespace fwd {
namespace {

using namespace std::chrono_literals;

constexpr const char* kTwoServices =
    "server: { workers: 2, max_connections: 9, backlog: 100, idle_timeout: \"10s\" }\n"
    "remotes:\n"
    "  default_remote_port: 8080\n"
    "  probing: { interval: \"3s\" }\n"
    "  scoring: { weights: { latency: 0.5 } }\n"
    "services:\n"
    "  - name: web\n"
    "    server: { listen_addr: \":80\", backlog: 200 }\n"
    "  - name: mail-2\n"
    "    server: { listen_addr: \":25\" }\n"
    "    remotes:\n"
    "      probing: { timeout: \"2s\" }\n"
    "      scoring: { latency: { max_score: 30 } }\n"
    "      provider: { file: { path: mail.txt } }\n"
    "    pools: { algorithm: random }\n";

class ServicesTest : public testing::Test {
 protected:
  void SetUp() override {
    const ConfigResult result = parse_config(kTwoServices, "/etc/tf/config.yaml");
    for (const ConfigFault& fault : result.faults) ADD_FAILURE() << to_string(fault);
    config_ = result.config;
    ASSERT_EQ(config_.services.size(), 2U);
  }
  const ServiceConfig& web() const { return config_.services[0]; }
  const ServiceConfig& mail() const { return config_.services[1]; }

  Config config_;
};

TEST_F(ServicesTest, KeepTheirNamesAndOrder) {
  EXPECT_EQ(web().name, "web");
  EXPECT_EQ(mail().name, "mail-2");
}

TEST_F(ServicesTest, OverrideKeyByKey) {
  EXPECT_EQ(web().server.backlog, 200);
  EXPECT_EQ(web().server.idle_timeout, 10s);
  EXPECT_EQ(mail().server.backlog, 100);
  EXPECT_EQ(mail().remotes.probing.timeout, 2s);
  EXPECT_EQ(mail().remotes.probing.interval, 3s);
  EXPECT_EQ(mail().pools.algorithm, BalancingAlgorithm::random);
  EXPECT_EQ(web().pools.algorithm, BalancingAlgorithm::least_connections);
}

TEST_F(ServicesTest, ListenWhereTheySay) {
  EXPECT_EQ(to_string(web().server.listen.at(0)), ":80");
  EXPECT_EQ(to_string(mail().server.listen.at(0)), ":25");
}

TEST_F(ServicesTest, OwnMaxScoreWinsOverTheWeightOfTheTop) {
  EXPECT_DOUBLE_EQ(web().remotes.scoring.latency.max_score, 50);
  EXPECT_DOUBLE_EQ(mail().remotes.scoring.latency.max_score, 30);
}

TEST_F(ServicesTest, ListFilesAreRelativeToTheConfiguration) {
  EXPECT_EQ(web().remotes.file.path, "/etc/tf/ip_list.txt");
  EXPECT_EQ(mail().remotes.file.path, "/etc/tf/mail.txt");
}

TEST_F(ServicesTest, ShareWhatHoldsForTheProcess) {
  EXPECT_EQ(config_.workers, 2U);
  EXPECT_EQ(config_.max_connections, 9U);
  EXPECT_EQ(web().server.max_connections, 9U);
}

TEST(OneServiceTest, MayInheritEverythingButItsName) {
  const ConfigResult result = parse_config("services:\n  - name: only\n", "f.yaml");
  ASSERT_TRUE(result.ok());
  ServiceConfig expected = parse_config("", "f.yaml").config.services.at(0);
  expected.name = "only";
  EXPECT_THAT(result.config.services, testing::ElementsAre(expected));
}

}  // namespace
}  // namespace fwd
