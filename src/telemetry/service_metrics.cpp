#include <algorithm>
#include <cassert>

#include "telemetry/metrics_collector.h"

namespace fwd {
namespace {

using prometheus::MetricType;

struct ServiceView {
  Labels labels;
  const ServiceSnapshot& snapshot;
  std::vector<const ServiceCounters*> workers;  // the service's block on each worker

  std::uint64_t sum(Counter ServiceCounters::*counter) const {
    std::uint64_t total = 0;
    for (const ServiceCounters* block : workers) total += (block->*counter).value();
    return total;
  }
  HistogramData sum(Histogram ServiceCounters::*histogram) const {
    HistogramData total;
    for (const ServiceCounters* block : workers) total.add((block->*histogram).read());
    return total;
  }
  std::uint64_t errors(std::size_t kind) const {
    std::uint64_t total = 0;
    for (const ServiceCounters* block : workers) total += block->errors[kind].value();
    return total;
  }
};

std::uint64_t active_connections(const ServiceView& v) {
  // The ended ones first: a session that ends in between must not make more ended than new.
  const std::uint64_t ended = v.sum(&ServiceCounters::ended_connections);
  return std::max(v.sum(&ServiceCounters::new_connections), ended) - ended;
}

void add_errors(const ServiceView& v, Series& out) {
  for (std::size_t i = 0; i < kErrorKindCount; ++i) {
    out.add(v.errors(i), {{"kind", std::string(to_string(static_cast<ErrorKind>(i)))}});
  }
}

void add_decisions(const ServiceView& v, Series& out) {
  for (std::size_t i = 0; i < kDecisionReasonCount; ++i) {
    const auto reason = static_cast<DecisionReason>(i);
    out.add(v.snapshot.decisions[i], {{"reason", std::string(to_string(reason))}});
  }
}

constexpr FamilySpec<ServiceView> kFamilies[] = {
    {"tcp_forwarder_new_connections_total", MetricType::Counter, "Connections accepted from clients.",
     [](const ServiceView& v, Series& out) { out.add(v.sum(&ServiceCounters::new_connections)); }},
    {"tcp_forwarder_active_connections", MetricType::Gauge, "Connections of clients that are open now.",
     [](const ServiceView& v, Series& out) { out.add(active_connections(v)); }},
    {"tcp_forwarder_connection_duration_seconds", MetricType::Histogram,
     "From accept to the end of a session.",
     [](const ServiceView& v, Series& out) {
       out.add(v.sum(&ServiceCounters::connection_duration), session_bounds());
     }},
    {"tcp_forwarder_bytes_transferred_total", MetricType::Counter,
     "Bytes passed on: upstream to the backend, downstream to the client.",
     [](const ServiceView& v, Series& out) {
       out.add(v.sum(&ServiceCounters::upstream_bytes), {{"direction", "upstream"}});
       out.add(v.sum(&ServiceCounters::downstream_bytes), {{"direction", "downstream"}});
     }},
    {"tcp_forwarder_errors_total", MetricType::Counter, "What went wrong with connections, by kind.",
     add_errors},
    {"tcp_forwarder_first_link_seconds", MetricType::Histogram, "From accept to a usable link to a backend.",
     [](const ServiceView& v, Series& out) {
       out.add(v.sum(&ServiceCounters::first_link_pooled), link_bounds(), {{"source", "pool"}});
       out.add(v.sum(&ServiceCounters::first_link_dialled), link_bounds(), {{"source", "dial"}});
     }},
    {"tcp_forwarder_candidates", MetricType::Gauge, "Backends on the list.",
     [](const ServiceView& v, Series& out) { out.add(v.snapshot.candidates); }},
    {"tcp_forwarder_active_set_size", MetricType::Gauge, "Backends that take traffic.",
     [](const ServiceView& v, Series& out) { out.add(v.snapshot.active_set_size); }},
    {"tcp_forwarder_selector_panic", MetricType::Gauge,
     "1 while no backend is eligible and the best of the bad serve.",
     [](const ServiceView& v, Series& out) { out.add(v.snapshot.panic); }},
    {"tcp_forwarder_selector_decisions_total", MetricType::Counter,
     "Evaluations of the active set, by the reason of their outcome.", add_decisions},
    {"tcp_forwarder_health_checks_total", MetricType::Counter,
     "Probes of all backends, also of those without series of their own.",
     [](const ServiceView& v, Series& out) {
       out.add(v.snapshot.health_checks_ok, {{"result", "success"}});
       out.add(v.snapshot.health_checks_failed, {{"result", "failure"}});
     }},
};

}  // namespace

void append_service_metrics(const Snapshot& snapshot,
                            const std::vector<std::shared_ptr<const WorkerCounters>>& workers,
                            Families& out) {
  std::vector<ServiceView> views;
  for (std::size_t i = 0; i < snapshot.services.size(); ++i) {
    const ServiceSnapshot& service = snapshot.services[i];
    ServiceView& view = views.emplace_back(ServiceView{{{"service", service.name}}, service, {}});
    for (const auto& worker : workers) {
      assert(i < worker->services.size());
      view.workers.push_back(&worker->services[i]);
    }
  }
  append_families(kFamilies, views, out);
}

}  // namespace fwd
