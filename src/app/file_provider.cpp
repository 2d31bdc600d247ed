#include "app/file_provider.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "telemetry/log.h"

namespace fwd {
namespace {

constexpr Duration kWatchInterval = std::chrono::seconds(1);
constexpr std::size_t kFaultLines = 20;  // in the log, of one reading

}  // namespace

struct FileProvider::Host {
  explicit Host(Loop& loop) : lookup(loop) {}

  Lookup lookup;
  HostAddresses addresses;
  bool answered = false;
};

FileProvider::FileProvider(Loop& loop, std::string service, const RemotesConfig& config)
    : loop_(loop),
      service_(std::move(service)),
      config_(config),
      resolve_timer_(loop, [this] { resolve_all(); }),
      update_timer_(loop, [this] { update(); }) {}

FileProvider::~FileProvider() = default;

std::string FileProvider::start(OnChange on_change) {
  on_change_ = std::move(on_change);
  if (config_.file.watch) {
    watch_ = std::make_unique<FileWatch>(loop_, config_.file.path, kWatchInterval, [this] { reread(); });
  }
  if (std::string error = read(); !error.empty()) return error;
  follow_hosts();
  update();
  resolve_all();
  return {};
}

// Replaces the list, or says why the file gives none.
std::string FileProvider::read() {
  ListResult result = read_target_list(config_.file.path, config_.default_remote_port);
  if (result.unreadable) return to_string(result.faults.front());
  for (std::size_t i = 0; i < std::min(result.faults.size(), kFaultLines); ++i) {
    say("an entry of the list is left out", to_string(result.faults[i]));
  }
  if (result.faults.size() > kFaultLines) {
    say("more entries of the list are left out; `check` names them all",
        std::to_string(result.faults.size() - kFaultLines));
  }
  if (result.list.empty()) return config_.file.path + ": the list has no valid entry; at least one is needed";
  list_ = std::move(result.list);
  return {};
}

void FileProvider::reread() {
  if (const std::string error = read(); !error.empty()) return say("the changed list is not used", error);
  log(LogModule::provider, LogLevel::info, "the list was read again",
      {{"service", service_}, {"file", config_.file.path}});
  follow_hosts();
  update();
  resolve_all();
}

void FileProvider::follow_hosts() {
  const std::set<HostTarget> wanted(list_.hosts.begin(), list_.hosts.end());
  std::erase_if(hosts_, [&wanted](const auto& host) { return !wanted.contains(host.first); });
  for (const HostTarget& target : wanted) {
    auto& host = hosts_[target];
    if (host == nullptr) host = std::make_unique<Host>(loop_);
  }
  unanswered_ = static_cast<std::size_t>(
      std::ranges::count_if(hosts_, [](const auto& host) { return !host.second->answered; }));
}

void FileProvider::resolve_all() {
  for (const auto& [target, host] : hosts_) {
    if (host->lookup.running()) continue;
    host->lookup.start(target.host,
                       [this, key = target](const auto& addresses) { resolved(key, addresses); });
  }
  if (!hosts_.empty()) resolve_timer_.start(config_.resolve_interval);
}

void FileProvider::resolved(const HostTarget& target,
                            const std::optional<std::vector<IpAddress>>& addresses) {
  Host& host = *hosts_.at(target);
  if (!std::exchange(host.answered, true)) --unanswered_;
  if (addresses) {
    host.addresses.answered(*addresses);
  } else {
    say("a host name was not resolved; its last addresses stay", target.host);
  }
  update_timer_.start(Duration::zero());
}

void FileProvider::update() {
  std::vector<ResolvedHost> resolved;
  // Where TLS verifies the name in the list, it is part of what the backend is.
  const bool named = config_.tls.enabled && config_.tls.server_name.empty();
  for (const auto& [target, host] : hosts_) {
    resolved.push_back({target, host->addresses.current(), named ? target.host : std::string()});
  }
  const CandidateList list = expand_candidates(list_, resolved, config_.max_candidates);
  std::set<BackendId> next(list.backends.begin(), list.backends.end());
  CandidateChange change;
  std::ranges::set_difference(next, current_, std::back_inserter(change.added));
  std::ranges::set_difference(current_, next, std::back_inserter(change.removed));
  if (list.sampled && !change.added.empty()) {
    log(LogModule::provider, LogLevel::warn,
        "the list stands for more addresses than max_candidates; sampled evenly",
        {{"service", service_},
         {"addresses", list.listed},
         {"kept", std::uint64_t{list.backends.size()}},
         {"max_candidates", std::uint64_t{config_.max_candidates}}});
  }
  current_ = std::move(next);
  on_change_(change);
}

void FileProvider::say(std::string_view message, std::string_view detail) const {
  log(LogModule::provider, LogLevel::warn, message, {{"service", service_}, {"detail", std::string(detail)}});
}

std::unique_ptr<Provider> make_file_provider(Loop& loop, const ServiceConfig& service) {
  return std::make_unique<FileProvider>(loop, service.name, service.remotes);
}

}  // namespace fwd
