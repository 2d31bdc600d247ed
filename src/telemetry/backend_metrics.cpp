#include "telemetry/backend_labels.h"
#include "telemetry/metrics_collector.h"

namespace fwd {
namespace {

using prometheus::MetricType;

constexpr double kMillisecondsPerSecond = 1e3;

struct BackendView {
  Labels labels;
  const BackendSnapshot& backend;
};

void add_probe_failures(const BackendView& v, Series& out) {
  for (std::size_t i = 0; i < kDialErrorCount; ++i) {
    out.add(v.backend.probes.failures[i], {{"reason", std::string(to_string(static_cast<DialError>(i)))}});
  }
}

void add_score_components(const BackendView& v, Series& out) {
  const ScoreParts& score = v.backend.score;
  out.add(score.latency, {{"component", "latency"}});
  out.add(score.jitter, {{"component", "jitter"}});
  out.add(score.success_rate, {{"component", "success_rate"}});
  out.add(score.penalty, {{"component", "penalty"}});
  out.add(score.bonus, {{"component", "bonus"}});
}

// What has not been measured yet has no series: a zero would look like the best of all.
void add_measured_ms(std::optional<double> milliseconds, Series& out) {
  if (milliseconds) out.add(*milliseconds / kMillisecondsPerSecond);
}

constexpr FamilySpec<BackendView> kFamilies[] = {
    {"tcp_forwarder_server_probe_success_total", MetricType::Counter, "Probes that the backend answered.",
     [](const BackendView& v, Series& out) { out.add(v.backend.probes.successes); }},
    {"tcp_forwarder_server_probe_failure_total", MetricType::Counter, "Probes that failed, by reason.",
     add_probe_failures},
    {"tcp_forwarder_server_probe_duration_seconds", MetricType::Histogram, "How long answered probes took.",
     [](const BackendView& v, Series& out) { out.add(v.backend.probe_duration, link_bounds()); }},
    {"tcp_forwarder_server_score", MetricType::Gauge, "The backend's score; the best are chosen.",
     [](const BackendView& v, Series& out) { out.add(v.backend.score.total); }},
    {"tcp_forwarder_server_score_component", MetricType::Gauge,
     "The points that the score is made of; the penalty is taken off.", add_score_components},
    {"tcp_forwarder_server_latency_seconds", MetricType::Gauge, "Moving average of the time to connect.",
     [](const BackendView& v, Series& out) { add_measured_ms(v.backend.measured.latency_ms, out); }},
    {"tcp_forwarder_server_jitter_seconds", MetricType::Gauge,
     "Moving average of how far the time to connect strays from its average.",
     [](const BackendView& v, Series& out) { add_measured_ms(v.backend.measured.jitter_ms, out); }},
    {"tcp_forwarder_server_success_ratio", MetricType::Gauge,
     "Moving average of successes among probes and dials, 0 to 1.",
     [](const BackendView& v, Series& out) {
       if (v.backend.measured.success) out.add(*v.backend.measured.success);
     }},
    {"tcp_forwarder_server_consecutive_failures", MetricType::Gauge, "Failures in a row, now.",
     [](const BackendView& v, Series& out) { out.add(v.backend.measured.consecutive_failures); }},
    {"tcp_forwarder_server_active", MetricType::Gauge, "1 while the backend is in the active set.",
     [](const BackendView& v, Series& out) { out.add(v.backend.active); }},
    {"tcp_forwarder_lb_requests_total", MetricType::Counter, "Times the backend was picked for a dial.",
     [](const BackendView& v, Series& out) { out.add(v.backend.load ? v.backend.load->picks() : 0); }},
    {"tcp_forwarder_lb_backend_connections", MetricType::Gauge, "Sessions and dials on the backend, now.",
     [](const BackendView& v, Series& out) { out.add(v.backend.load ? v.backend.load->in_use() : 0); }},
};

}  // namespace

void append_backend_metrics(const Snapshot& snapshot, Families& out) {
  std::vector<BackendView> views;
  for (const ServiceSnapshot& service : snapshot.services) {
    for (std::size_t i = 0; i < service.backends.size(); ++i) {
      views.push_back({backend_labels(service, i), service.backends[i]});
    }
  }
  append_families(kFamilies, views, out);
}

}  // namespace fwd
