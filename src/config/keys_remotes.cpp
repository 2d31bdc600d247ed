#include "config/keys.h"

namespace fwd {

using namespace std::chrono_literals;

namespace {

void declare_general(std::vector<Key>& keys) {
  const auto remotes = [](auto& draft) -> auto& { return draft.service.remotes; };
  Section(keys, "remotes", remotes)
      .key("default_remote_port", &RemotesConfig::default_remote_port, Whole{1, 65535})
      .key("max_candidates", &RemotesConfig::max_candidates, Whole{1, 1'000'000})
      .key("proxy_protocol", &RemotesConfig::proxy_protocol,
           OneOf<ProxyProtocol>{
               {{"none", ProxyProtocol::none}, {"v1", ProxyProtocol::v1}, {"v2", ProxyProtocol::v2}}})
      .key("source_addrs", &RemotesConfig::source_addrs, ListOf<Address>{})
      .key("resolve_interval", &RemotesConfig::resolve_interval, Span{100ms, 24h});
}

void declare_tls(std::vector<Key>& keys) {
  Section(
      keys, "remotes.tls", [](auto& draft) -> auto& { return draft.service.remotes.tls; })
      .key("enabled", &TlsOptions::enabled, Flag{})
      .key("server_name", &TlsOptions::server_name, HostName{})
      .key("verify", &TlsOptions::verify, Flag{})
      .key("ca_file", &TlsOptions::ca_file, Text{.may_be_empty = true})
      .key("cert_file", &TlsOptions::cert_file, Text{.may_be_empty = true})
      .key("key_file", &TlsOptions::key_file, Text{.may_be_empty = true})
      .key("alpn", &TlsOptions::alpn, ListOf<ProtocolName>{{}, 0, 16})
      .key("min_version", &TlsOptions::min_version,
           OneOf<TlsVersion>{{{"1.2", TlsVersion::v1_2}, {"1.3", TlsVersion::v1_3}}})
      .key("handshake_timeout", &TlsOptions::handshake_timeout, Span{1ms, 5min});
}

void declare_provider(std::vector<Key>& keys) {
  Section(
      keys, "remotes.provider", [](auto& draft) -> auto& { return draft; })
      .key("type", &Draft::provider_type, OneOf<std::string>{{{"file", "file"}}, {"dns", "http", "static"}});
  Section(
      keys, "remotes.provider.file", [](auto& draft) -> auto& { return draft.service.remotes.file; })
      .key("path", &FileProviderConfig::path, Text{})
      .key("watch", &FileProviderConfig::watch, Flag{});
}

void declare_probing(std::vector<Key>& keys) {
  using Initial = ProbingConfig::Initial;
  Section(
      keys, "remotes.probing", [](auto& draft) -> auto& { return draft.service.remotes.probing; })
      .key("interval", &ProbingConfig::interval, Span{10ms, 24h})
      .key("timeout", &ProbingConfig::timeout, Span{1ms, 5min})
      .key("probe_candidate_count", &ProbingConfig::probe_candidate_count, Whole{0, 1'000'000});
  Section(
      keys, "remotes.probing.initial",
      [](auto& draft) -> auto& { return draft.service.remotes.probing.initial; })
      .key("enabled", &Initial::enabled, Flag{})
      .key("max_concurrency", &Initial::max_concurrency, Whole{1, 100'000})
      .key("timeout", &Initial::timeout, Span{1ms, 5min});
}

void declare_selector(std::vector<Key>& keys) {
  const auto selector = [](auto& draft) -> auto& { return draft.service.remotes.selector; };
  const auto ejection = [](auto& draft) -> auto& { return draft.service.remotes.selector.ejection; };
  Section(keys, "remotes.selector", selector)
      .key("evaluation_interval", &SelectorConfig::evaluation_interval, Span{10ms, 24h})
      .key("active_set_size", &SelectorConfig::active_set_size, Whole{1, 10'000})
      .key("min_score_threshold", &SelectorConfig::min_score_threshold, Number{0, 10'000});
  Section(keys, "remotes.selector", ejection)
      .key("eject_after", &EjectionConfig::eject_after, Whole{1, 1000})
      .key("readmit_after", &EjectionConfig::readmit_after, Whole{1, 1000});
  Section(keys, "remotes.selector.hold_down", ejection)
      .key("base", &EjectionConfig::hold_down_base, Span{1ms, 24h})
      .key("max", &EjectionConfig::hold_down_max, Span{1ms, 24h});
  Section(keys, "remotes.selector.switching", selector)
      .key("debounce_interval", &SelectorConfig::debounce_interval, Span{0s, 24h})
      .key("score_improvement_threshold", &SelectorConfig::score_improvement_threshold, Number{0, 10'000});
}

}  // namespace

void declare_remotes_keys(std::vector<Key>& keys) {
  declare_general(keys);
  declare_tls(keys);
  declare_provider(keys);
  declare_probing(keys);
  declare_scoring_keys(keys);
  declare_selector(keys);
}

}  // namespace fwd
