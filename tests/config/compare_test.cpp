#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/reader.h"

namespace fwd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> differences(const std::string& from, const std::string& to) {
  std::vector<std::string> lines;
  for (const ConfigChange& c : compare(parse_config(from, "f").config, parse_config(to, "f").config)) {
    lines.push_back(c.key + ": " + c.from + " -> " + c.to);
  }
  return lines;
}

TEST(CompareTest, EqualConfigurationsHaveNoDifference) {
  EXPECT_THAT(differences("", "server: { idle_timeout: \"60m\" }"), IsEmpty());
}

TEST(CompareTest, TellsEveryKeyThatDiffers) {
  EXPECT_THAT(
      differences("server: { workers: 2 }\nremotes: { source_addrs: [127.0.0.2] }\n",
                  "server: { listen_addr: [\":1\", \":2\"] }\n"
                  "logging: { level: warn }\n"
                  "remotes: { probing: { interval: \"90s\" }, scoring: { weights: { jitter: 0.2 } } }\n"),
      ElementsAre("server.workers: 2 -> 0", "logging.level: \"info\" -> \"warn\"",
                  "server.listen_addr: \"127.0.0.1:1234\" -> [\":1\", \":2\"]",
                  "remotes.source_addrs: [\"127.0.0.2\"] -> []",
                  "remotes.probing.interval: \"15s\" -> \"1m30s\"",
                  "remotes.scoring.jitter.max_score: 15 -> 20"));
}

TEST(CompareTest, TellsHowLinksAreMade) {
  EXPECT_THAT(
      differences("",
                  "remotes: { proxy_protocol: v1, tls: { enabled: true, alpn: [h2], min_version: '1.3' } }\n"
                  "pools: { common: { idle_timeout: \"5m\" }, strategy: { type: static } }\n"),
      ElementsAre("remotes.proxy_protocol: \"none\" -> \"v1\"", "remotes.tls.enabled: false -> true",
                  "remotes.tls.alpn: [] -> [\"h2\"]", "remotes.tls.min_version: \"1.2\" -> \"1.3\"",
                  "pools.common.idle_timeout: \"10m\" -> \"5m\"",
                  "pools.strategy.type: \"dynamic\" -> \"static\""));
}

TEST(CompareTest, MatchesServicesByName) {
  EXPECT_THAT(
      differences("services:\n"
                  "  - { name: old, server: { listen_addr: ':1' } }\n"
                  "  - { name: web, server: { listen_addr: ':2' } }\n",
                  "services:\n"
                  "  - { name: web, server: { listen_addr: ':3' } }\n"
                  "  - { name: new, server: { listen_addr: ':1', backlog: 5 }, remotes: { provider: { file: "
                  "{ path: new.txt } } } }\n"),
      ElementsAre("services[old]: present -> absent", "services[web].server.listen_addr: \":2\" -> \":3\"",
                  "services[new]: absent -> present",
                  "services[new].server.listen_addr: \"127.0.0.1:1234\" -> \":1\"",
                  "services[new].server.backlog: 4096 -> 5",
                  "services[new].remotes.provider.file.path: \"./ip_list.txt\" -> \"new.txt\""));
}

}  // namespace
}  // namespace fwd
