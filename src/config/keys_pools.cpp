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
  Section(keys, "pools", pools).key("algorithm", &PoolsConfig::algorithm, algorithms());
  Section(keys, "pools.common", pools)
      .key("dial_timeout", &PoolsConfig::dial_timeout, Span{1ms, 5min})
      .key("idle_timeout", &PoolsConfig::idle_timeout, Span{1ms, 24h})
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

OneOf<PoolStrategy> strategies() {
  using enum PoolStrategy;
  return {{{"none", none}, {"static", fixed}, {"dynamic", dynamic}, {"predictive", predictive}}};
}

void declare_strategy(std::vector<Key>& keys) {
  const auto sizing = [](auto& draft) -> auto& { return draft.service.pools.sizing; };
  Section(keys, "pools.strategy", sizing).key("type", &PoolSizing::strategy, strategies());
  Section(keys, "pools.strategy.static", sizing)
      .key("size_per_remote", &PoolSizing::size_per_remote, Whole{0, 100'000});
  Section(keys, "pools.strategy.dynamic", sizing)
      .key("min_size", &PoolSizing::min_size, Whole{0, 100'000})
      .key("max_size", &PoolSizing::max_size, Whole{1, 100'000});
  Section(keys, "pools.strategy.dynamic.scaling", sizing)
      .key("interval", &PoolSizing::interval, Span{100ms, 1h})
      .key("target_buffer_ratio", &PoolSizing::target_buffer_ratio, Number{0, 100})
      .key("scale_up_increment", &PoolSizing::scale_up_increment, Whole{1, 100'000})
      .key("scale_down_increment", &PoolSizing::scale_down_increment, Whole{1, 100'000});
}

}  // namespace

void declare_pools_keys(std::vector<Key>& keys) {
  declare_common(keys);
  declare_strategy(keys);
}

}  // namespace fwd
