#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <ranges>
#include <unordered_map>
#include <vector>

#include "app/command_line.h"
#include "app/commands.h"
#include "app/file_provider.h"
#include "app/system_limits.h"
#include "core/scoreboard.h"
#include "net/link_options.h"
#include "net/probe.h"
#include "net/source_addresses.h"
#include "telemetry/log.h"

namespace fwd {
namespace {

// One pass of probes over the candidates of a service.
class ProbePass {
 public:
  ProbePass(const ServiceConfig& config, bool show_progress)
      : config_(config),
        show_progress_(show_progress),
        poller_(loop_),
        deadlines_(poller_),
        context_{poller_, deadlines_, {}},
        board_(config.remotes.scoring, config.remotes.selector.ejection),
        prober_(context_, make_connect_probe, config.remotes.probing.initial.max_concurrency,
                {[this](BackendKey key) { board_.probe_started(key, clock_now()); },
                 [this](const Prober::Result& result) { probed(result); }}),
        provider_(loop_, config.name, config.remotes),
        sources_(config.remotes.source_addrs) {}

  std::string run() {
    std::string error;
    if (config_.remotes.tls.enabled) tls_ = TlsClient::create(config_.remotes.tls, error);
    if (!error.empty()) return error;
    link_options_ = {.proxy = config_.remotes.proxy_protocol, .tls = tls_.get()};
    error = provider_.start([this](const CandidateChange& change) { add(change); });
    while (error.empty() && !(provider_.settled() && prober_.idle())) loop_.run_once();
    if (show_progress_) std::fputs("\r\033[K", stderr);
    return error;
  }

  std::vector<const BackendRecord*> ranked() const {
    std::vector<const BackendRecord*> records;
    for (const auto& [key, record] : board_.records()) records.push_back(&record);
    std::ranges::sort(records, [](const auto* a, const auto* b) { return better(*a, *b); });
    return records;
  }
  std::string result_of(const BackendRecord& record) const {
    const auto error = errors_.find(record.key);
    return error == errors_.end() ? "ok" : std::string(to_string(error->second));
  }

 private:
  void add(const CandidateChange& change) {
    for (const BackendId& id : change.added) {
      prober_.probe(board_.add(id),
                    {id.endpoint, sources_.next_for(id.endpoint.ip), config_.remotes.probing.initial.timeout,
                     link_options_.whole(id, {}, std::nullopt)});
    }
  }

  void probed(const Prober::Result& result) {
    if (result.outcome.error) {
      errors_.emplace(result.key, *result.outcome.error);
      board_.probe_failed(result.key, *result.outcome.error, clock_now());
    } else {
      board_.probe_succeeded(result.key, result.outcome.elapsed, clock_now());
    }
    ++done_;
    if (show_progress_) draw_progress();
  }

  void draw_progress() const {
    constexpr std::size_t kWidth = 40;
    const std::size_t filled = kWidth * done_ / std::max<std::size_t>(board_.listed(), 1);
    const std::string bar = std::string(filled, '#') + std::string(kWidth - filled, '.');
    std::fprintf(stderr, "\rprobing %s [%s] %zu/%zu", config_.name.c_str(), bar.c_str(), done_,
                 board_.listed());
  }

  const ServiceConfig& config_;
  bool show_progress_;
  std::unique_ptr<TlsClient> tls_;
  LinkOptions link_options_;
  Loop loop_;
  Poller poller_;
  Deadlines deadlines_;
  DialContext context_;
  Scoreboard board_;
  Prober prober_;
  FileProvider provider_;
  SourceAddresses sources_;
  std::unordered_map<BackendKey, DialError> errors_;
  std::size_t done_ = 0;
};

nlohmann::json to_json(const ServiceConfig& service, const ProbePass& pass) {
  auto rows = nlohmann::json::array();
  for (const BackendRecord* record : pass.ranked()) {
    const auto& latency = record->measured.latency_ms;
    rows.push_back({{"rank", rows.size() + 1},
                    {"backend", to_string(record->id)},
                    {"score", record->score.total},
                    {"latency_ms", latency ? nlohmann::json(*latency) : nlohmann::json()},
                    {"result", pass.result_of(*record)}});
  }
  return {{"service", service.name}, {"backends", rows}};
}

void print_table(const ServiceConfig& service, const ProbePass& pass) {
  std::printf("service %s\n%5s  %-47s %9s  %12s  %s\n", service.name.c_str(), "rank", "backend", "score",
              "latency", "result");
  std::size_t rank = 0;
  for (const BackendRecord* record : pass.ranked()) {
    const auto& latency = record->measured.latency_ms;
    char text[32] = "-";
    if (latency) std::snprintf(text, sizeof text, "%.3f ms", *latency);
    std::printf("%5zu  %-47s %9.1f  %12s  %s\n", ++rank, to_string(record->id).c_str(), record->score.total,
                text, pass.result_of(*record).c_str());
  }
}

}  // namespace

int probe_command(const CommonOptions& options, bool json) {
  std::optional<Config> config = load_config(options);
  if (!config) return kExitBadUsage;
  // Standard output belongs to the result.
  config->logging.output = "stderr";
  if (const int code = start_logging(config->logging, options); code != kExitOk) return code;
  raise_descriptor_limit();
  auto results = nlohmann::json::array();
  for (const ServiceConfig& service : config->services) {
    ProbePass pass(service, !json && ::isatty(STDERR_FILENO) != 0);
    if (const std::string error = pass.run(); !error.empty()) {
      log_stop();
      std::cerr << "tcp-forwarder: " << error << '\n';
      return kExitBadUsage;
    }
    if (json) {
      results.push_back(to_json(service, pass));
    } else {
      print_table(service, pass);
    }
  }
  log_stop();
  if (json) std::cout << results.dump(2) << '\n';
  return kExitOk;
}

}  // namespace fwd
