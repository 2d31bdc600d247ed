#include "app/forwarder.h"

#include <openssl/crypto.h>
#include <uv.h>

#include <random>
#include <system_error>
#include <utility>

#include "app/system_limits.h"
#include "config/reader.h"
#include "net/socket.h"
#include "telemetry/log.h"

namespace fwd {
namespace {

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

std::string metrics_host(const ListenAddress& address) {
  return address.dual_stack ? "127.0.0.1"
                            : to_string(address.endpoint).substr(0, to_string(address.endpoint).rfind(':'));
}

// Why a configured source address cannot be dialled from; empty when all can.
std::string unusable_source(const Config& config) {
  for (const ServiceConfig& service : config.services) {
    for (const IpAddress& source : service.remotes.source_addrs) {
      const ListenResult trial = bind_tcp({source, 0}, {});
      if (trial.fd) continue;
      return "service " + service.name + ": remotes.source_addrs: cannot dial from " + to_string(source) +
             ": " + trial.error + "; it must be an address of this machine";
    }
  }
  return {};
}

// One for each worker, in turn.
std::vector<int> share_cpus(const std::vector<int>& cpus, unsigned workers) {
  std::vector<int> shares;
  for (unsigned i = 0; i < workers && !cpus.empty(); ++i) shares.push_back(cpus[i % cpus.size()]);
  return shares;
}

}  // namespace

Forwarder::Forwarder(Config config, Options options)
    : config_(std::move(config)), options_(std::move(options)) {}

std::optional<Forwarder::StartError> Forwarder::start() {
  const unsigned workers = config_.workers != 0 ? config_.workers : usable_cpus();
  const std::uint64_t limit = raise_descriptor_limit();
  const DescriptorBudget budget = descriptor_budget(config_, workers, limit);
  if (budget.max_connections == 0) {
    return StartError{"the descriptor limit of " + std::to_string(limit) +
                      " leaves room for no connection; raise it (ulimit -n, LimitNOFILE=)"};
  }
  if (budget.lowered) {
    log(LogModule::app, LogLevel::warn, "the descriptor limit carries fewer connections than max_connections",
        {{"descriptors", limit},
         {"max_connections", config_.max_connections},
         {"effective", budget.max_connections}});
  }
  if (std::string error = unusable_source(config_); !error.empty()) return StartError{error, true};
  const std::vector<int> cpus =
      config_.worker_cpu_affinity ? share_cpus(allowed_cpus(), workers) : std::vector<int>();
  if (std::string error = sockets_.open(config_, workers, cpus); !error.empty()) return StartError{error};
  std::vector<TlsClients> tls(workers + 1);
  if (std::string error = make_tls_clients(tls); !error.empty()) return StartError{error, true};
  for (unsigned i = 0; i < workers; ++i) {
    counters_.push_back(std::make_shared<WorkerCounters>(config_.services.size()));
  }
  control_ = std::make_unique<Control>(Control::Setup{.config = config_,
                                                      .budget = budget,
                                                      .snapshots = snapshots_,
                                                      .counters = counters_,
                                                      .cpus = cpus,
                                                      .listening = std::move(sockets_.sockets),
                                                      .tls = std::move(tls),
                                                      .dial_delay = options_.dial_delay,
                                                      .make_provider = options_.make_provider,
                                                      .seed = random_seed(),
                                                      .handle_signals = options_.handle_signals});
  if (std::string error = start_endpoints(); !error.empty()) return StartError{error};
  log_start();
  try {
    // What control can stumble over is what the configuration names.
    if (std::string error = control_->start(); !error.empty()) return StartError{error, true};
  } catch (const std::system_error& error) {
    return StartError{std::string("the system refuses what the workers need: ") + error.what()};
  }
  return std::nullopt;
}

bool Forwarder::abandon_lookups() {
  if (!control_->has_lookups()) return false;
  endpoints_.reset();
  sockets_.remove_unix_paths();
  return true;
}

std::string Forwarder::make_tls_clients(std::vector<TlsClients>& clients) const {
  bool any = false;
  std::string error;
  for (TlsClients& of_loop : clients) {
    for (const ServiceConfig& service : config_.services) {
      const TlsOptions& options = service.remotes.tls;
      of_loop.push_back(options.enabled ? TlsClient::create(options, error) : nullptr);
      if (!error.empty()) return "service " + service.name + ": remotes.tls: " + error;
      any |= options.enabled;
    }
  }
  if (any) {
    log(LogModule::app, LogLevel::info, "TLS to backends",
        {{"library", std::string(OpenSSL_version(OPENSSL_VERSION))}, {"kernel_tls", kernel_tls_offered()}});
  }
  return {};
}

std::string Forwarder::start_endpoints() {
  if (!config_.metrics.enabled) return {};
  const ListenAddress& listen = config_.metrics.listen;
  const std::string address =
      listen.dual_stack ? "+" + std::to_string(listen.endpoint.port) : to_string(listen.endpoint);
  std::string error;
  endpoints_ =
      Endpoints::start(address, config_.metrics.path,
                       {snapshots_,
                        {counters_.begin(), counters_.end()},
                        {FWD_VERSION, __VERSION__, uv_version_string(), OpenSSL_version(OPENSSL_VERSION)}},
                       error);
  return error;
}

std::string Forwarder::endpoints_url() const {
  if (endpoints_ == nullptr) return {};
  return "http://" + metrics_host(config_.metrics.listen) + ":" + std::to_string(endpoints_->port());
}

void Forwarder::log_start() const {
  for (const ConfigChange& change : compare(parse_config({}, {}).config, config_)) {
    log(LogModule::config, LogLevel::debug, "differs from the default",
        {{"key", change.key}, {"value", change.to}});
  }
  for (std::size_t i = 0; i < config_.services.size(); ++i) {
    for (const std::string& address : sockets_.addresses[i]) {
      log(LogModule::app, LogLevel::info, "listening",
          {{"service", config_.services[i].name},
           {"address", address},
           {"workers", std::uint64_t{counters_.size()}}});
    }
  }
  if (endpoints_ != nullptr) {
    log(LogModule::metrics, LogLevel::info, "serving metrics",
        {{"url", endpoints_url() + config_.metrics.path}});
  }
}

}  // namespace fwd
