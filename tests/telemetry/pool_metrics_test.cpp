#include <gmock/gmock.h>

#include <set>

#include "telemetry/sample_sources.h"
#include "telemetry/scrape.h"

namespace fwd {
namespace {

using testing::Contains;
using testing::Key;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr const char* kKnown = R"({service="web",backend="10.0.0.1:80"})";

class PoolMetricsTest : public testing::Test {
 protected:
  test::SampleSources sample_;

  std::map<std::string, double> scrape() const { return test::series_of(test::scrape(sample_.sources())); }
  std::map<std::string, double> scrape(std::vector<BackendSnapshot> backends) const {
    Snapshot snapshot = sample_.snapshot();
    snapshot.services[0].backends = std::move(backends);
    sample_.board->publish(std::make_shared<Snapshot>(std::move(snapshot)));
    return scrape();
  }
  std::map<std::string, double> scrape(const PoolSnapshot& pool) const {
    BackendSnapshot backend = sample_.known_backend();
    backend.pool = pool;
    return scrape(std::vector{backend});
  }
  BackendSnapshot named(std::string name) const {
    BackendSnapshot backend = sample_.known_backend();
    backend.id.name = std::move(name);
    return backend;
  }
};

// The values of the label `backend` that a family has.
std::set<std::string> backends_of(const std::map<std::string, double>& series, const std::string& family) {
  const std::string begin = "tcp_forwarder_" + family + R"({service="web",backend=")";
  std::set<std::string> backends;
  for (const auto& [name, value] : series) {
    if (name.starts_with(begin)) {
      backends.insert(name.substr(begin.size(), name.find('"', begin.size()) - begin.size()));
    }
  }
  return backends;
}

TEST_F(PoolMetricsTest, SumsAPoolOverTheWorkers) {
  const std::pair<const char*, double> expected[] = {
      {"pool_total_connections", 88},  {"pool_available_connections", 11},
      {"pool_active_connections", 55}, {"pool_utilization_percent", 62.5},
      {"pool_hits_total", 77},         {"pool_misses_total", 33},
      {"pool_opened_total", 99},       {"pool_fill_failures_total", 44},
  };
  const auto series = scrape();
  for (const auto& [name, value] : expected) {
    EXPECT_THAT(series, Contains(Pair("tcp_forwarder_" + std::string(name) + kKnown, value)));
  }
}

TEST_F(PoolMetricsTest, TellsLinksByState) {
  const auto series = scrape();
  const std::pair<const char*, double> expected[] = {{"idle", 11}, {"connecting", 22}, {"in_use", 55}};
  for (const auto& [state, links] : expected) {
    const std::string labels = R"({service="web",backend="10.0.0.1:80",state=")" + std::string(state) + "\"}";
    EXPECT_THAT(series, Contains(Pair("tcp_forwarder_pool_connections" + labels, links)));
  }
}

TEST_F(PoolMetricsTest, TellsWhyIdleLinksWereGivenUp) {
  const auto series = scrape();
  const std::pair<const char*, double> expected[] = {{"closed", 121},  {"reset", 132},   {"stale", 143},
                                                     {"expired", 154}, {"surplus", 165}, {"left", 176}};
  for (const auto& [reason, links] : expected) {
    const std::string labels =
        R"({service="web",backend="10.0.0.1:80",reason=")" + std::string(reason) + "\"}";
    EXPECT_THAT(series, Contains(Pair("tcp_forwarder_pool_stale_total" + labels, links)));
  }
}

TEST_F(PoolMetricsTest, TellsWhatControlPlansAndHasLearnt) {
  const auto series = scrape();
  const std::pair<const char*, double> expected[] = {
      {"pool_target_size", 120},    {"pool_peak_concurrency", 98}, {"pool_scale_up_total", 13},
      {"pool_scale_down_total", 6}, {"pool_idle_cap", 25},         {"pool_idle_age_limit_seconds", 2.4},
      {"pool_suspended", 1},
  };
  for (const auto& [name, value] : expected) {
    EXPECT_THAT(series, Contains(Pair("tcp_forwarder_" + std::string(name) + kKnown, value)));
  }
}

TEST_F(PoolMetricsTest, AnUnusedPoolIsAtZeroAndHasNoLimitsYet) {
  PoolSnapshot pool;
  pool.workers = {std::make_shared<PoolCounters>()};
  const auto series = scrape(pool);
  for (const char* name : {"pool_total_connections", "pool_utilization_percent", "pool_target_size",
                           "pool_hits_total", "pool_misses_total", "pool_opened_total", "pool_suspended"}) {
    EXPECT_THAT(series, Contains(Pair("tcp_forwarder_" + std::string(name) + kKnown, 0)));
  }
  for (std::size_t i = 0; i < kRetireReasonCount; ++i) {
    const std::string reason(to_string(static_cast<RetireReason>(i)));
    EXPECT_THAT(series, Contains(Pair(R"(tcp_forwarder_pool_stale_total{service="web",backend="10.0.0.1:80",)"
                                      R"(reason=")" +
                                          reason + "\"}",
                                      0)));
  }
  for (const char* name : {"pool_idle_age_limit_seconds", "pool_idle_cap"}) {
    EXPECT_THAT(series, Not(Contains(Key("tcp_forwarder_" + std::string(name) + kKnown))));
  }
}

TEST_F(PoolMetricsTest, ACapOfNoneIsShown) {
  PoolSnapshot pool = sample_.known_pool();
  pool.cap = 0;
  EXPECT_THAT(scrape(pool), Contains(Pair(std::string("tcp_forwarder_pool_idle_cap") + kKnown, 0)));
}

TEST_F(PoolMetricsTest, ABackendThatNeverHadAPoolHasNoneOfItsSeries) {
  const auto series = scrape();
  EXPECT_THAT(backends_of(series, "pool_connections"), UnorderedElementsAre("10.0.0.1:80"));
  EXPECT_THAT(backends_of(series, "pool_suspended"), UnorderedElementsAre("10.0.0.1:80"));
  EXPECT_THAT(backends_of(series, "server_score"), UnorderedElementsAre("10.0.0.1:80", "[2001:db8::1]:443"));
}

TEST_F(PoolMetricsTest, AnEndpointOfItsOwnIsLabelledWithoutTheName) {
  const auto series = scrape({named("a.example"), test::SampleSources::new_backend()});
  EXPECT_THAT(backends_of(series, "pool_hits_total"), UnorderedElementsAre("10.0.0.1:80"));
  EXPECT_THAT(backends_of(series, "server_score"), UnorderedElementsAre("10.0.0.1:80", "[2001:db8::1]:443"));
}

// series_of() finds series that are there twice.
TEST_F(PoolMetricsTest, BackendsOfOneEndpointAreToldApartByTheirNames) {
  BackendSnapshot other_port = named("a.example");
  other_port.id.endpoint.port = 81;
  const auto series = scrape({named(""), named("a.example"), named("b.example"), other_port});
  for (const char* family : {"pool_hits_total", "pool_connections", "server_score", "lb_requests_total"}) {
    EXPECT_THAT(backends_of(series, family), UnorderedElementsAre("10.0.0.1:80", "10.0.0.1:80/a.example",
                                                                  "10.0.0.1:80/b.example", "10.0.0.1:81"))
        << family;
  }
}

TEST_F(PoolMetricsTest, AnEndpointInTwoServicesIsSharedInNeither) {
  Snapshot snapshot = sample_.snapshot();
  snapshot.services[0].backends = {named("a.example")};
  snapshot.services.push_back({.name = "mail", .backends = {named("b.example")}});
  sample_.board->publish(std::make_shared<Snapshot>(std::move(snapshot)));
  MetricSources sources = sample_.sources();
  sources.workers = {std::make_shared<WorkerCounters>(2)};
  const auto series = test::series_of(test::scrape(sources));
  for (const std::string service : {"web", "mail"}) {
    EXPECT_THAT(series, Contains(Key("tcp_forwarder_pool_hits_total{service=\"" + service +
                                     R"(",backend="10.0.0.1:80"})")));
  }
}

}  // namespace
}  // namespace fwd
