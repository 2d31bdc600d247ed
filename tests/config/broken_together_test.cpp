#include "config/broken_config.h"

namespace fwd {
namespace {

const std::vector<BrokenConfig> cases = {
    {"TimeoutAboveInterval",
     "remotes:\n"
     "  probing:\n"
     "    interval: \"10s\"\n"
     "    timeout: \"11s\"\n",
     {"4:14: remotes.probing.timeout: \"11s\" is too large; allowed: at most remotes.probing.interval, which "
      "is \"10s\""}},
    {"IntervalBelowDefaultTimeout",
     "remotes:\n"
     "  probing:\n"
     "    interval: \"500ms\"\n",
     {"3:15: remotes.probing.interval: \"500ms\" is too small; allowed: at least remotes.probing.timeout, "
      "which is \"1s\""}},
    {"BaseLatencyAboveMaximum",
     "remotes:\n"
     "  scoring:\n"
     "    latency: { base_latency: \"900ms\" }\n",
     {"3:30: remotes.scoring.latency.base_latency: \"900ms\" is too large; allowed: below "
      "remotes.scoring.latency.max_acceptable_latency, which is \"800ms\""}},
    {"BaseLatencyEqualsMaximum",
     "remotes:\n"
     "  scoring:\n"
     "    latency: { base_latency: \"1s\", max_acceptable_latency: \"1s\" }\n",
     {"3:60: remotes.scoring.latency.max_acceptable_latency: \"1s\" is too small; allowed: above "
      "remotes.scoring.latency.base_latency, which is \"1s\""}},
    {"BaseJitterAboveMaximum",
     "remotes:\n"
     "  scoring:\n"
     "    jitter: { max_acceptable_jitter: \"5ms\", base_jitter: \"6ms\" }\n",
     {"3:58: remotes.scoring.jitter.base_jitter: \"6ms\" is too large; allowed: below "
      "remotes.scoring.jitter.max_acceptable_jitter, which is \"5ms\""}},
    {"HoldDownBaseAboveMaximum",
     "remotes:\n"
     "  selector:\n"
     "    hold_down: { base: \"1h\" }\n",
     {"3:24: remotes.selector.hold_down.base: \"1h\" is too large; allowed: at most "
      "remotes.selector.hold_down.max, which is \"10m\""}},
    {"PenaltyBaseAboveMaximum",
     "remotes:\n"
     "  scoring:\n"
     "    failure_penalty: { max_penalty: 4 }\n",
     {"3:37: remotes.scoring.failure_penalty.max_penalty: 4 is too small; allowed: at least "
      "remotes.scoring.failure_penalty.base_penalty, which is 5"}},
    {"PoolMinimumAboveMaximum",
     "pools:\n"
     "  strategy: { dynamic: { min_size: 30, max_size: 20 } }\n",
     {"2:50: pools.strategy.dynamic.max_size: 20 is too small; allowed: at least "
      "pools.strategy.dynamic.min_size, which is 30"}},
    {"ThresholdOutOfReach",
     "remotes:\n"
     "  selector: { min_score_threshold: 111 }\n",
     {"2:36: remotes.selector.min_score_threshold: no score can reach remotes.selector.min_score_threshold, "
      "which is 111; allowed: at most 110, the sum of every max_score and max_bonus"}},
    {"WeightsTooLowForTheThreshold",
     "remotes:\n"
     "  scoring:\n"
     "    weights: { latency: 0, jitter: 0, success_rate: 0.01 }\n",
     {"3:53: remotes.scoring.weights.success_rate: no score can reach remotes.selector.min_score_threshold, "
      "which is 15; allowed: at most 11, the sum of every max_score and max_bonus"}},
    {"RefusedValueIsNotCompared",
     "remotes:\n"
     "  probing:\n"
     "    interval: 10\n"
     "    timeout: \"20s\"\n",
     {"3:15: remotes.probing.interval: 10 has no unit (write it like \"15s\" or \"500ms\"); allowed: a "
      "duration from 10ms to 24h"}},
};

INSTANTIATE_TEST_SUITE_P(Together, BrokenConfigTest, testing::ValuesIn(cases), broken_name);

}  // namespace
}  // namespace fwd
