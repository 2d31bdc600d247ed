#include "config/broken_config.h"

namespace fwd {
namespace {

const std::vector<BrokenConfig> cases = {
    {"DnsProvider",
     "remotes:\n"
     "  provider: { type: \"dns\" }\n",
     {"2:21: remotes.provider.type: \"dns\" is not built yet; allowed: \"file\""}},
    {"UnknownProvider",
     "remotes:\n"
     "  provider: { type: \"consul\" }\n",
     {"2:21: remotes.provider.type: \"consul\" is not known; allowed: \"file\""}},
};

INSTANTIATE_TEST_SUITE_P(Unbuilt, BrokenConfigTest, testing::ValuesIn(cases), broken_name);

}  // namespace
}  // namespace fwd
