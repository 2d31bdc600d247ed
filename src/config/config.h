#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/balancer.h"
#include "core/log_level.h"
#include "core/pool_sizer.h"
#include "core/probe_plan.h"
#include "core/proxy_header.h"
#include "core/scoring.h"
#include "core/selector.h"
#include "core/time.h"
#include "core/tls_options.h"

namespace fwd {

// The typed configuration: every value valid, every default filled in. Names follow the keys of config.yaml;
// docs/configuration.md explains them. Values only: compare two with ==.

struct ListenAddress {
  enum class Kind { tcp, unix_path } kind = Kind::tcp;
  Endpoint endpoint;        // tcp; for ":port" the IPv6 any-address with dual_stack
  bool dual_stack = false;  // IPv4 and IPv6 on one socket
  std::string path;         // unix_path

  bool operator==(const ListenAddress&) const = default;
};
std::string to_string(const ListenAddress& address);

inline ListenAddress loopback_address(std::uint16_t port) {
  return {.kind = ListenAddress::Kind::tcp,
          .endpoint = {.ip = {.v6 = false, .bytes = {127, 0, 0, 1}}, .port = port},
          .dual_stack = false,
          .path = {}};
}

struct ServerConfig {
  std::vector<ListenAddress> listen = {loopback_address(1234)};
  unsigned workers = 0;              // 0: one for each CPU this process may use; process-wide
  bool worker_cpu_affinity = false;  // a CPU for each worker; process-wide
  int backlog = 4096;
  std::uint64_t max_connections = 25000;  // process-wide
  Duration idle_timeout = std::chrono::hours(1);
  Duration half_close_timeout = std::chrono::minutes(5);

  bool operator==(const ServerConfig&) const = default;
};

enum class LogFormat { text, json };

struct LoggingConfig {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
  std::string output = "stdout";  // stdout, stderr, or a path

  bool operator==(const LoggingConfig&) const = default;
};

struct MetricsConfig {
  bool enabled = true;
  ListenAddress listen = loopback_address(9099);  // tcp only
  std::string path = "/metrics";
  std::size_t max_backends = 200;

  bool operator==(const MetricsConfig&) const = default;
};

struct FileProviderConfig {
  std::string path = "./ip_list.txt";  // resolved against the directory of the configuration file
  bool watch = false;

  bool operator==(const FileProviderConfig&) const = default;
};

struct RemotesConfig {
  std::uint16_t default_remote_port = 80;
  std::size_t max_candidates = 4096;
  ProxyProtocol proxy_protocol = ProxyProtocol::none;
  std::vector<IpAddress> source_addrs;
  Duration resolve_interval = std::chrono::seconds(60);
  TlsOptions tls;  // paths resolved against the directory of the configuration file
  FileProviderConfig file;
  ProbingConfig probing;
  ScoringConfig scoring;
  SelectorConfig selector;

  bool operator==(const RemotesConfig&) const = default;
};

struct KeepaliveConfig {
  Duration idle = std::chrono::seconds(60);      // whole seconds
  Duration interval = std::chrono::seconds(10);  // whole seconds
  unsigned count = 3;

  bool operator==(const KeepaliveConfig&) const = default;
};

struct PoolsConfig {
  BalancingAlgorithm algorithm = BalancingAlgorithm::least_connections;
  Duration dial_timeout = std::chrono::seconds(1);
  Duration idle_timeout = std::chrono::minutes(10);  // of an idle link
  Duration drain_timeout = std::chrono::seconds(30);
  unsigned dial_attempts = 3;
  Duration dial_stagger = std::chrono::milliseconds(200);
  KeepaliveConfig keepalive;
  PoolSizing sizing;  // pools.strategy

  bool operator==(const PoolsConfig&) const = default;
};

struct ServiceConfig {
  std::string name = "default";
  ServerConfig server;
  RemotesConfig remotes;
  PoolsConfig pools;

  bool operator==(const ServiceConfig&) const = default;
};

struct Config {
  // From the top-level `server`, whatever the services override: one count for the whole process.
  unsigned workers = 0;
  bool worker_cpu_affinity = false;
  std::uint64_t max_connections = 25000;
  LoggingConfig logging;
  MetricsConfig metrics;
  std::vector<ServiceConfig> services;  // at least one

  bool operator==(const Config&) const = default;
};

// One fault, as `check` prints it: FILE:LINE:COLUMN: key.path: what is wrong, what is allowed.
struct ConfigFault {
  std::string file;
  std::size_t line = 0;    // from 1; 0 when the whole file is meant
  std::size_t column = 0;  // from 1
  std::string key;         // "remotes.probing.interval", "services[1].server.backlog"; may be empty
  std::string message;
};
std::string to_string(const ConfigFault& fault);

// A difference between two configurations: the key path and both values as text. Used at start (what differs
// from the defaults) and by a reload.
struct ConfigChange {
  std::string key;
  std::string from;
  std::string to;
};
std::vector<ConfigChange> compare(const Config& from, const Config& to);

}  // namespace fwd
