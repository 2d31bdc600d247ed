#include "config/keys.h"

namespace fwd {

using namespace std::chrono_literals;

namespace {

OneOf<BalancingAlgorithm> algorithms() {
  using enum BalancingAlgorithm;
  OneOf<BalancingAlgorithm> rule;
  for (const auto algorithm :
       {least_connections, round_robin, BalancingAlgorithm::random, p2c, source_hash}) {
    rule.choices.emplace_back(to_string(algorithm), algorithm);
  }
  return rule;
}

void declare_common(std::vector<Key>& keys) {
  const auto pools = [](auto& draft) -> auto& { return draft.service.pools; };
  const auto planned = [](auto& draft) -> auto& { return draft.planned; };
  Section(keys, "pools", pools).key("algorithm", &PoolsConfig::algorithm, algorithms());
  Section(keys, "pools.common", pools).key("dial_timeout", &PoolsConfig::dial_timeout, Span{1ms, 5min});
  Section(keys, "pools.common", planned, Scope::planned)
      .key("idle_timeout", &PlannedConfig::pool_idle_timeout, Span{1ms, 24h});
  Section(keys, "pools.common", pools)
      .key("drain_timeout", &PoolsConfig::drain_timeout, Span{0s, 24h})
      .key("dial_attempts", &PoolsConfig::dial_attempts, Whole{1, 100})
      .key("dial_stagger", &PoolsConfig::dial_stagger, Span{1ms, 5min});
  // Linux keeps both times in whole seconds up to 32767 and the count up to 127.
  Section(
      keys, "pools.common.keepalive", [](auto& draft) -> auto& { return draft.service.pools.keepalive; })
      .key("idle", &KeepaliveConfig::idle, Span{1s, 9h, 1s})
      .key("interval", &KeepaliveConfig::interval, Span{1s, 9h, 1s})
      .key("count", &KeepaliveConfig::count, Whole{1, 127});
}

void declare_strategy(std::vector<Key>& keys) {
  using Dynamic = PlannedConfig::Dynamic;
  const auto planned = [](auto& draft) -> auto& { return draft.planned; };
  const auto dynamic = [](auto& draft) -> auto& { return draft.planned.dynamic; };
  Section(keys, "pools.strategy", planned, Scope::planned)
      .key("type", &PlannedConfig::strategy,
           OneOf<std::string>{{{"none", "none"}}, {"static", "dynamic", "predictive"}});
  Section(keys, "pools.strategy.static", planned, Scope::planned)
      .key("size_per_remote", &PlannedConfig::size_per_remote, Whole{0, 100'000});
  Section(keys, "pools.strategy.dynamic", dynamic, Scope::planned)
      .key("min_size", &Dynamic::min_size, Whole{0, 100'000})
      .key("max_size", &Dynamic::max_size, Whole{1, 100'000});
  Section(keys, "pools.strategy.dynamic.scaling", dynamic, Scope::planned)
      .key("interval", &Dynamic::interval, Span{100ms, 1h})
      .key("target_buffer_ratio", &Dynamic::target_buffer_ratio, Number{0, 100})
      .key("scale_up_increment", &Dynamic::scale_up_increment, Whole{1, 100'000})
      .key("scale_down_increment", &Dynamic::scale_down_increment, Whole{1, 100'000});
}

}  // namespace

void declare_pools_keys(std::vector<Key>& keys) {
  declare_common(keys);
  declare_strategy(keys);
}

}  // namespace fwd
