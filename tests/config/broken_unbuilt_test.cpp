#include "config/broken_config.h"

namespace fwd {
namespace {

const std::vector<BrokenConfig> cases = {
    {"DynamicPool",
     "pools:\n"
     "  strategy: { type: \"dynamic\" }\n",
     {"2:21: pools.strategy.type: \"dynamic\" is not built yet; allowed: \"none\""}},
    {"StaticPool",
     "pools:\n"
     "  strategy: { type: \"static\" }\n",
     {"2:21: pools.strategy.type: \"static\" is not built yet; allowed: \"none\""}},
    {"PredictivePool",
     "pools:\n"
     "  strategy: { type: \"predictive\" }\n",
     {"2:21: pools.strategy.type: \"predictive\" is not built yet; allowed: \"none\""}},
    {"UnknownPool",
     "pools:\n"
     "  strategy: { type: \"elastic\" }\n",
     {"2:21: pools.strategy.type: \"elastic\" is not known; allowed: \"none\""}},
    {"ProxyProtocol",
     "remotes:\n"
     "  proxy_protocol: v2\n",
     {"2:19: remotes.proxy_protocol: \"v2\" is not built yet; allowed: \"none\""}},
    {"UnknownProxyProtocol",
     "remotes:\n"
     "  proxy_protocol: v3\n",
     {"2:19: remotes.proxy_protocol: \"v3\" is not known; allowed: \"none\""}},
    {"Tls",
     "remotes:\n"
     "  tls: { enabled: true }\n",
     {"2:19: remotes.tls.enabled: true is not built yet; allowed: false"}},
    {"TlsIsNoFlag",
     "remotes:\n"
     "  tls: { enabled: on }\n",
     {"2:19: remotes.tls.enabled: \"on\" is neither true nor false; allowed: false"}},
    {"DnsProvider",
     "remotes:\n"
     "  provider: { type: \"dns\" }\n",
     {"2:21: remotes.provider.type: \"dns\" is not built yet; allowed: \"file\""}},
    {"UnknownProvider",
     "remotes:\n"
     "  provider: { type: \"consul\" }\n",
     {"2:21: remotes.provider.type: \"consul\" is not known; allowed: \"file\""}},
    {"UnbuiltKeysAreCheckedToo",
     "pools:\n"
     "  common: { idle_timeout: 600 }\n"
     "  strategy:\n"
     "    static: { size_per_remote: -1 }\n"
     "    dynamic:\n"
     "      scaling: { target_buffer_ratio: lots }\n",
     {"2:27: pools.common.idle_timeout: 600 has no unit (write it like \"15s\" or \"500ms\"); allowed: a "
      "duration from 1ms to 24h",
      "4:32: pools.strategy.static.size_per_remote: -1 is out of range; allowed: a whole number from 0 to "
      "100000",
      "6:39: pools.strategy.dynamic.scaling.target_buffer_ratio: \"lots\" is not a number; allowed: a number "
      "from 0 to 100"}},
};

INSTANTIATE_TEST_SUITE_P(Unbuilt, BrokenConfigTest, testing::ValuesIn(cases), broken_name);

}  // namespace
}  // namespace fwd
