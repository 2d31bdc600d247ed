#include "config/keys.h"

namespace fwd {

using namespace std::chrono_literals;

namespace {

void declare_server(std::vector<Key>& keys) {
  Section(
      keys, "server", [](auto& draft) -> auto& { return draft.service.server; })
      .key("listen_addr", &ServerConfig::listen, ListOf<Listen>{{}, 1, 16, true})
      .key("workers", &ServerConfig::workers, Whole{0, 1024}, Scope::process)
      .key("worker_cpu_affinity", &ServerConfig::worker_cpu_affinity, Flag{}, Scope::process)
      .key("backlog", &ServerConfig::backlog, Whole{1, 65535})
      .key("max_connections", &ServerConfig::max_connections, Whole{1, 100'000'000}, Scope::process)
      .key("idle_timeout", &ServerConfig::idle_timeout, Span{1ms, 8760h})
      .key("half_close_timeout", &ServerConfig::half_close_timeout, Span{1ms, 8760h});
}

OneOf<LogLevel> log_levels() {
  OneOf<LogLevel> rule;
  for (const std::string_view name : kLogLevelNames) rule.choices.emplace_back(name, *parse_log_level(name));
  return rule;
}

void declare_logging(std::vector<Key>& keys) {
  Section(
      keys, "logging", [](auto& draft) -> auto& { return draft.logging; }, Scope::process)
      .key("level", &LoggingConfig::level, log_levels())
      .key("format", &LoggingConfig::format,
           OneOf<LogFormat>{{{"text", LogFormat::text}, {"json", LogFormat::json}}})
      .key("output", &LoggingConfig::output, Text{});
}

void declare_metrics(std::vector<Key>& keys) {
  Section(
      keys, "metrics", [](auto& draft) -> auto& { return draft.metrics; }, Scope::process)
      .key("enabled", &MetricsConfig::enabled, Flag{})
      .key("listen_addr", &MetricsConfig::listen, Listen{.tcp_only = true})
      .key("path", &MetricsConfig::path, UrlPath{})
      .key("max_backends", &MetricsConfig::max_backends, Whole{1, 100'000});
}

}  // namespace

void declare_server_keys(std::vector<Key>& keys) {
  declare_server(keys);
  declare_logging(keys);
  declare_metrics(keys);
}

}  // namespace fwd
