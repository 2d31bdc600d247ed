#include "telemetry/backend_labels.h"
#include "telemetry/metrics_collector.h"

namespace fwd {
namespace {

using prometheus::MetricType;

struct PoolView {
  Labels labels;
  const PoolSnapshot& pool;
  // Read once, so that the numbers of one scrape agree.
  std::uint64_t idle = sum(&PoolCounters::idle);
  std::uint64_t connecting = sum(&PoolCounters::connecting);
  std::uint64_t in_use = sum(&PoolCounters::in_use);

  template <typename Number>
  std::uint64_t sum(Number PoolCounters::*number) const {
    std::uint64_t total = 0;
    for (const auto& worker : pool.workers) total += ((*worker).*number).value();
    return total;
  }
  std::uint64_t retired(std::size_t reason) const {
    std::uint64_t total = 0;
    for (const auto& worker : pool.workers) total += worker->retired[reason].value();
    return total;
  }
  std::uint64_t connections() const { return idle + connecting + in_use; }
};

void add_connections(const PoolView& v, Series& out) {
  out.add(v.idle, {{"state", "idle"}});
  out.add(v.connecting, {{"state", "connecting"}});
  out.add(v.in_use, {{"state", "in_use"}});
}

double utilization_percent(const PoolView& v) {
  const std::uint64_t all = v.connections();
  return all == 0 ? 0 : 100 * static_cast<double>(v.in_use) / static_cast<double>(all);
}

void add_retired(const PoolView& v, Series& out) {
  for (std::size_t i = 0; i < kRetireReasonCount; ++i) {
    out.add(v.retired(i), {{"reason", std::string(to_string(static_cast<RetireReason>(i)))}});
  }
}

constexpr FamilySpec<PoolView> kFamilies[] = {
    {"tcp_forwarder_pool_connections", MetricType::Gauge, "Links to the backend, by state.", add_connections},
    {"tcp_forwarder_pool_total_connections", MetricType::Gauge, "Links to the backend, in all states.",
     [](const PoolView& v, Series& out) { out.add(v.connections()); }},
    {"tcp_forwarder_pool_available_connections", MetricType::Gauge, "Idle links, ready to be taken.",
     [](const PoolView& v, Series& out) { out.add(v.idle); }},
    {"tcp_forwarder_pool_active_connections", MetricType::Gauge, "Links in use by sessions.",
     [](const PoolView& v, Series& out) { out.add(v.in_use); }},
    {"tcp_forwarder_pool_utilization_percent", MetricType::Gauge, "Links in use, as a percentage of all.",
     [](const PoolView& v, Series& out) { out.add(utilization_percent(v)); }},
    {"tcp_forwarder_pool_peak_concurrency", MetricType::Gauge,
     "Most sessions at once in the last 60 intervals.",
     [](const PoolView& v, Series& out) { out.add(v.pool.peak); }},
    {"tcp_forwarder_pool_target_size", MetricType::Gauge, "Links, idle and in use, that the pool aims at.",
     [](const PoolView& v, Series& out) { out.add(v.pool.target); }},
    {"tcp_forwarder_pool_hits_total", MetricType::Counter, "Links of the pool that were given to a session.",
     [](const PoolView& v, Series& out) { out.add(v.sum(&PoolCounters::hits)); }},
    {"tcp_forwarder_pool_misses_total", MetricType::Counter,
     "Times that a link had to be dialled for a client.",
     [](const PoolView& v, Series& out) { out.add(v.sum(&PoolCounters::misses)); }},
    {"tcp_forwarder_pool_scale_up_total", MetricType::Counter, "Times that the target was raised.",
     [](const PoolView& v, Series& out) { out.add(v.pool.scale_ups); }},
    {"tcp_forwarder_pool_scale_down_total", MetricType::Counter, "Times that the target was lowered.",
     [](const PoolView& v, Series& out) { out.add(v.pool.scale_downs); }},
    {"tcp_forwarder_pool_opened_total", MetricType::Counter, "Links that were opened for the pool.",
     [](const PoolView& v, Series& out) { out.add(v.sum(&PoolCounters::opened)); }},
    {"tcp_forwarder_pool_fill_failures_total", MetricType::Counter,
     "Links that could not be opened for the pool.",
     [](const PoolView& v, Series& out) { out.add(v.sum(&PoolCounters::fill_failures)); }},
    {"tcp_forwarder_pool_stale_total", MetricType::Counter, "Idle links that were given up, by reason.",
     add_retired},
    {"tcp_forwarder_pool_idle_age_limit_seconds", MetricType::Gauge,
     "The idle age that the backend was found to bear.",
     [](const PoolView& v, Series& out) {
       if (v.pool.age_limit) out.add(std::chrono::duration<double>(*v.pool.age_limit).count());
     }},
    {"tcp_forwarder_pool_idle_cap", MetricType::Gauge,
     "The number of idle links that the backend was found to bear.",
     [](const PoolView& v, Series& out) {
       if (v.pool.cap) out.add(*v.pool.cap);
     }},
    {"tcp_forwarder_pool_suspended", MetricType::Gauge,
     "1 while no idle links are kept, since the backend closes them.",
     [](const PoolView& v, Series& out) { out.add(v.pool.suspended); }},
};

}  // namespace

void append_pool_metrics(const Snapshot& snapshot, Families& out) {
  std::vector<PoolView> views;
  for (const ServiceSnapshot& service : snapshot.services) {
    for (std::size_t i = 0; i < service.backends.size(); ++i) {
      const PoolSnapshot& pool = service.backends[i].pool;
      if (!pool.workers.empty()) views.push_back({backend_labels(service, i), pool});
    }
  }
  append_families(kFamilies, views, out);
}

}  // namespace fwd
