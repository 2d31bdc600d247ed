#include "telemetry/metrics_collector.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "telemetry/log.h"
#include "telemetry/sample_sources.h"
#include "telemetry/scrape.h"

namespace fwd {
namespace {

using test::scrape;
using test::series_of;
using testing::Contains;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing::Pair;

// Family name to type.
std::map<std::string, std::string> types_of(const std::string& text) {
  std::map<std::string, std::string> types;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash, kind, name, type;
    words >> hash >> kind >> name >> type;
    if (kind == "TYPE") types[name] = type;
  }
  return types;
}

class MetricsCollectorTest : public testing::Test {
 protected:
  test::SampleSources sample_;
  const std::string text_ = scrape(sample_.sources());
  const std::map<std::string, double> series_ = series_of(text_);

  void expect(const std::string& series, double value) const {
    EXPECT_THAT(series_, Contains(Pair("tcp_forwarder_" + series, value)));
  }
};

TEST_F(MetricsCollectorTest, HasEveryMetricOfTheSpecificationWithItsType) {
  std::map<std::string, std::string> expected = {
      {"new_connections_total", "counter"},
      {"active_connections", "gauge"},
      {"connection_duration_seconds", "histogram"},
      {"bytes_transferred_total", "counter"},
      {"errors_total", "counter"},
      {"first_link_seconds", "histogram"},
      {"server_probe_success_total", "counter"},
      {"server_probe_failure_total", "counter"},
      {"server_probe_duration_seconds", "histogram"},
      {"server_score", "gauge"},
      {"server_score_component", "gauge"},
      {"server_latency_seconds", "gauge"},
      {"server_jitter_seconds", "gauge"},
      {"server_success_ratio", "gauge"},
      {"server_consecutive_failures", "gauge"},
      {"server_active", "gauge"},
      {"candidates", "gauge"},
      {"active_set_size", "gauge"},
      {"selector_panic", "gauge"},
      {"selector_decisions_total", "counter"},
      {"lb_requests_total", "counter"},
      {"lb_backend_connections", "gauge"},
      {"health_checks_total", "counter"},
      {"uptime_seconds", "gauge"},
      {"ready", "gauge"},
      {"build_info", "gauge"},
      {"event_loop_lag_seconds", "histogram"},
      {"log_dropped_lines_total", "counter"},
      {"max_connections", "gauge"},
      {"pool_connections", "gauge"},
      {"pool_total_connections", "gauge"},
      {"pool_available_connections", "gauge"},
      {"pool_active_connections", "gauge"},
      {"pool_utilization_percent", "gauge"},
      {"pool_peak_concurrency", "gauge"},
      {"pool_target_size", "gauge"},
      {"pool_hits_total", "counter"},
      {"pool_misses_total", "counter"},
      {"pool_scale_up_total", "counter"},
      {"pool_scale_down_total", "counter"},
      {"pool_opened_total", "counter"},
      {"pool_fill_failures_total", "counter"},
      {"pool_stale_total", "counter"},
      {"pool_idle_age_limit_seconds", "gauge"},
      {"pool_idle_cap", "gauge"},
      {"pool_suspended", "gauge"},
  };
  std::map<std::string, std::string> own;
  for (const auto& [name, type] : types_of(text_)) {
    const std::string prefix = "tcp_forwarder_";
    if (name.starts_with(prefix)) own[name.substr(prefix.size())] = type;
  }
  EXPECT_EQ(own, expected);
}

TEST_F(MetricsCollectorTest, SumsAServiceOverItsWorkers) {
  expect(R"(new_connections_total{service="web"})", 15);
  expect(R"(active_connections{service="web"})", 11);
  expect(R"(bytes_transferred_total{service="web",direction="upstream"})", 1000);
  expect(R"(bytes_transferred_total{service="web",direction="downstream"})", 2000);
  expect(R"(errors_total{service="web",kind="dial_refused"})", 2);
  expect(R"(candidates{service="web"})", 7);
  expect(R"(active_set_size{service="web"})", 3);
  expect(R"(selector_panic{service="web"})", 1);
  expect(R"(selector_decisions_total{service="web",reason="improved"})", 9);
  expect(R"(health_checks_total{service="web",result="success"})", 40);
  expect(R"(health_checks_total{service="web",result="failure"})", 2);
}

TEST_F(MetricsCollectorTest, HistogramsAreCumulativeAndEndAtInfinity) {
  const std::string name = R"(connection_duration_seconds_bucket{service="web",le=)";
  expect(name + R"("0.5"})", 0);
  expect(name + R"("1"})", 1);
  expect(name + R"("21600"})", 1);
  expect(name + R"("+Inf"})", 2);
  expect(R"(connection_duration_seconds_count{service="web"})", 2);
  expect(R"(connection_duration_seconds_sum{service="web"})", 25200.75);
  expect(R"(first_link_seconds_bucket{service="web",source="dial",le="5e-05"})", 0);
  expect(R"(first_link_seconds_bucket{service="web",source="dial",le="0.0001"})", 1);
  expect(R"(first_link_seconds_count{service="web",source="dial"})", 1);
  expect(R"(first_link_seconds_bucket{service="web",source="pool",le="5e-05"})", 1);
  expect(R"(first_link_seconds_count{service="web",source="pool"})", 2);
  expect(R"(event_loop_lag_seconds_count{worker="0"})", 0);
  expect(R"(event_loop_lag_seconds_sum{worker="1"})", 0.002);
}

TEST_F(MetricsCollectorTest, TellsWhatIsKnownOfABackend) {
  const std::string labels = R"({service="web",backend="10.0.0.1:80"})";
  expect("server_probe_success_total" + labels, 31);
  expect("server_score" + labels, 85);
  expect("server_latency_seconds" + labels, 0.0125);
  expect("server_jitter_seconds" + labels, 0.00025);
  expect("server_success_ratio" + labels, 0.75);
  expect("server_consecutive_failures" + labels, 4);
  expect("server_active" + labels, 1);
  expect("lb_requests_total" + labels, 6);
  expect("lb_backend_connections" + labels, 4);
  expect("server_probe_duration_seconds_count" + labels, 2);
  expect(R"(server_probe_duration_seconds_bucket{service="web",backend="10.0.0.1:80",le="5e-05"})", 1);
  expect(R"(server_probe_failure_total{service="web",backend="10.0.0.1:80",reason="timeout"})", 8);
  const std::pair<const char*, double> components[] = {
      {"latency", 45}, {"jitter", 14}, {"success_rate", 30}, {"penalty", 5}, {"bonus", 1}};
  for (const auto& [component, points] : components) {
    expect(R"(server_score_component{service="web",backend="10.0.0.1:80",component=")" +
               std::string(component) + "\"}",
           points);
  }
}

TEST_F(MetricsCollectorTest, ANewBackendHasCountersAtZeroAndNoMeasurements) {
  const std::string labels = R"({service="web",backend="[2001:db8::1]:443"})";
  for (const char* name : {"server_probe_success_total", "server_score", "server_active", "lb_requests_total",
                           "lb_backend_connections", "server_probe_duration_seconds_count"}) {
    expect(name + labels, 0);
  }
  for (const char* name : {"server_latency_seconds", "server_jitter_seconds", "server_success_ratio"}) {
    EXPECT_THAT(series_, Not(Contains(Key("tcp_forwarder_" + (name + labels)))));
  }
}

TEST_F(MetricsCollectorTest, EveryKindAndReasonIsThereBeforeItHappens) {
  for (std::size_t i = 0; i < kErrorKindCount; ++i) {
    const auto kind = static_cast<ErrorKind>(i);
    expect(R"(errors_total{service="web",kind=")" + std::string(to_string(kind)) + "\"}",
           kind == ErrorKind::dial_refused ? 2 : 0);
  }
  for (std::size_t i = 0; i < kDecisionReasonCount; ++i) {
    const auto reason = static_cast<DecisionReason>(i);
    expect(R"(selector_decisions_total{service="web",reason=")" + std::string(to_string(reason)) + "\"}",
           reason == DecisionReason::improved ? 9 : 0);
  }
  for (std::size_t i = 0; i < kDialErrorCount; ++i) {
    const std::string reason(to_string(static_cast<DialError>(i)));
    expect(
        R"(server_probe_failure_total{service="web",backend="[2001:db8::1]:443",reason=")" + reason + "\"}",
        0);
  }
}

TEST_F(MetricsCollectorTest, TellsOfTheProcess) {
  expect(R"(build_info{version="1.2.3",compiler="gcc 12",libuv="1.44",openssl="3.0"})", 1);
  expect("ready", 1);
  expect(R"(max_connections{kind="configured"})", 25000);
  expect(R"(max_connections{kind="effective"})", 900);
  expect("log_dropped_lines_total", static_cast<double>(log_dropped()));
  EXPECT_GE(series_.at("tcp_forwarder_uptime_seconds"), 0);
}

TEST_F(MetricsCollectorTest, LabelsOfSeveralServicesStayApart) {
  Snapshot snapshot = sample_.snapshot();
  snapshot.services.push_back({.name = "odd \"name\"", .backends = {test::SampleSources::new_backend()}});
  sample_.board->publish(std::make_shared<Snapshot>(snapshot));
  MetricSources sources = sample_.sources();
  auto counters = std::make_shared<WorkerCounters>(2);
  counters->services[1].new_connections.add(3);
  sources.workers = {counters};
  const auto series = series_of(scrape(sources));
  EXPECT_THAT(series, Contains(Pair(R"(tcp_forwarder_new_connections_total{service="web"})", 0)));
  EXPECT_THAT(series, Contains(Pair(R"(tcp_forwarder_new_connections_total{service="odd \"name\""})", 3)));
  const std::string same_backend = R"(backend="[2001:db8::1]:443"})";
  EXPECT_THAT(series, Contains(Key(R"(tcp_forwarder_server_score{service="web",)" + same_backend)));
  EXPECT_THAT(series, Contains(Key(R"(tcp_forwarder_server_score{service="odd \"name\"",)" + same_backend)));
}

TEST_F(MetricsCollectorTest, ASessionThatEndsBetweenTwoReadsMakesNoNegativeGauge) {
  sample_.workers[0]->services[0].ended_connections.add(100);
  const auto series = series_of(scrape(sample_.sources()));
  EXPECT_THAT(series, Contains(Pair(R"(tcp_forwarder_active_connections{service="web"})", 0)));
}

TEST(MetricsCollectorStartTest, ServesBeforeTheFirstSnapshot) {
  MetricSources sources;
  sources.snapshots = std::make_shared<SnapshotBoard>();
  sources.workers = {std::make_shared<WorkerCounters>(1)};
  const auto series = series_of(scrape(sources));
  EXPECT_THAT(series, Contains(Pair("tcp_forwarder_ready", 0)));
  EXPECT_THAT(series, Contains(Key(R"(tcp_forwarder_event_loop_lag_seconds_count{worker="0"})")));
}

TEST_F(MetricsCollectorTest, ProcessMetricsAreTrue) {
  if (!std::filesystem::exists("/proc/self/stat")) GTEST_SKIP() << "no /proc here";
  const auto types = types_of(text_);
  EXPECT_EQ(types.at("process_cpu_seconds_total"), "counter");
  EXPECT_GE(series_.at("process_cpu_seconds_total"), 0);
  EXPECT_GT(series_.at("process_resident_memory_bytes"), 1e6);
  EXPECT_GT(series_.at("process_virtual_memory_bytes"), series_.at("process_resident_memory_bytes"));
  const auto now = static_cast<double>(::time(nullptr));
  EXPECT_LE(series_.at("process_start_time_seconds"), now + 2);
  EXPECT_GT(series_.at("process_start_time_seconds"), now - 3600);
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(series_.at("process_max_fds"), static_cast<double>(limit.rlim_cur));
}

TEST_F(MetricsCollectorTest, CountsOpenDescriptorsExactly) {
  if (!std::filesystem::exists("/proc/self/fd")) GTEST_SKIP() << "no /proc here";
  const double before = series_.at("process_open_fds");
  const int one = ::dup(STDERR_FILENO), two = ::dup(STDERR_FILENO);
  EXPECT_EQ(series_of(scrape(sample_.sources())).at("process_open_fds"), before + 2);
  ::close(one);
  ::close(two);
}

TEST_F(MetricsCollectorTest, PromtoolFindsNoFault) {
  ASSERT_EQ(::access("/usr/bin/promtool", X_OK), 0)
      << "promtool is missing: scripts/setup.sh test installs it";
  const std::string path = testing::TempDir() + "fwd-metrics-" + std::to_string(::getpid());
  std::ofstream(path) << text_;
  std::FILE* promtool = ::popen(("/usr/bin/promtool check metrics < " + path + " 2>&1").c_str(), "r");
  ASSERT_NE(promtool, nullptr);
  std::string output;
  for (int c = std::fgetc(promtool); c != EOF; c = std::fgetc(promtool)) output += static_cast<char>(c);
  EXPECT_EQ(::pclose(promtool), 0);
  EXPECT_THAT(output, IsEmpty());
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace fwd
