#include "config/broken_config.h"

namespace fwd {
namespace {

const std::vector<BrokenConfig> cases = {
    {"HostName",
     "server:\n"
     "  listen_addr: \"localhost:1234\"\n",
     {"2:16: server.listen_addr: \"localhost:1234\" does not begin with an IP address; allowed: \"IP:port\", "
      "\"[IPv6]:port\", \":port\", \"unix:/path\""}},
    {"Star",
     "server:\n"
     "  listen_addr: \"*:1234\"\n",
     {"2:16: server.listen_addr: \"*:1234\" does not begin with an IP address; allowed: \"IP:port\", "
      "\"[IPv6]:port\", \":port\", \"unix:/path\""}},
    {"NoPort",
     "server:\n"
     "  listen_addr: \"127.0.0.1\"\n",
     {"2:16: server.listen_addr: \"127.0.0.1\" has no port; allowed: \"IP:port\", \"[IPv6]:port\", "
      "\":port\", \"unix:/path\""}},
    {"BarePort",
     "server:\n"
     "  listen_addr: 1234\n",
     {"2:16: server.listen_addr: \"1234\" has no port; allowed: \"IP:port\", \"[IPv6]:port\", \":port\", "
      "\"unix:/path\""}},
    {"EmptyPort",
     "server:\n"
     "  listen_addr: \"127.0.0.1:\"\n",
     {"2:16: server.listen_addr: \"127.0.0.1:\" does not end in a port from 0 to 65535; allowed: "
      "\"IP:port\", \"[IPv6]:port\", \":port\", \"unix:/path\""}},
    {"PortTooLarge",
     "server:\n"
     "  listen_addr: \":65536\"\n",
     {"2:16: server.listen_addr: \":65536\" does not end in a port from 0 to 65535; allowed: \"IP:port\", "
      "\"[IPv6]:port\", \":port\", \"unix:/path\""}},
    {"PortIsName",
     "server:\n"
     "  listen_addr: \"127.0.0.1:http\"\n",
     {"2:16: server.listen_addr: \"127.0.0.1:http\" does not end in a port from 0 to 65535; allowed: "
      "\"IP:port\", \"[IPv6]:port\", \":port\", \"unix:/path\""}},
    {"Ipv6WithoutBrackets",
     "server:\n"
     "  listen_addr: \"::1:1234\"\n",
     {"2:16: server.listen_addr: \"::1:1234\" needs brackets round the IPv6 address; allowed: \"IP:port\", "
      "\"[IPv6]:port\", \":port\", \"unix:/path\""}},
    {"Ipv6WithoutPort",
     "server:\n"
     "  listen_addr: \"[::1]\"\n",
     {"2:16: server.listen_addr: \"[::1]\" has no port; allowed: \"IP:port\", \"[IPv6]:port\", \":port\", "
      "\"unix:/path\""}},
    {"Ipv4InBrackets",
     "server:\n"
     "  listen_addr: \"[127.0.0.1]:80\"\n",
     {"2:16: server.listen_addr: \"[127.0.0.1]:80\" does not begin with an IP address; allowed: \"IP:port\", "
      "\"[IPv6]:port\", \":port\", \"unix:/path\""}},
    {"BrokenIpv4",
     "server:\n"
     "  listen_addr: \"127.0.0.256:80\"\n",
     {"2:16: server.listen_addr: \"127.0.0.256:80\" does not begin with an IP address; allowed: \"IP:port\", "
      "\"[IPv6]:port\", \":port\", \"unix:/path\""}},
    {"Empty",
     "server:\n"
     "  listen_addr: \"\"\n",
     {"2:16: server.listen_addr: \"\" has no port; allowed: \"IP:port\", \"[IPv6]:port\", \":port\", "
      "\"unix:/path\""}},
    {"EmptyList",
     "server:\n"
     "  listen_addr: []\n",
     {"2:16: server.listen_addr: has 0 entries; allowed: 1 to 16"}},
    {"NullInList",
     "server:\n"
     "  listen_addr: [\":80\", ~]\n",
     {"2:24: server.listen_addr[1]: is empty; allowed: \"IP:port\", \"[IPv6]:port\", \":port\", "
      "\"unix:/path\""}},
    {"Block",
     "server:\n"
     "  listen_addr: { port: 80 }\n",
     {"2:16: server.listen_addr: is a block of keys; allowed: \"IP:port\", \"[IPv6]:port\", \":port\", "
      "\"unix:/path\", or a list of them"}},
    {"OneOfAListIsWrong",
     "server:\n"
     "  listen_addr:\n"
     "    - \"127.0.0.1:80\"\n"
     "    - \"127.0.0.1\"\n"
     "    - \"nowhere:1\"\n",
     {"4:7: server.listen_addr[1]: \"127.0.0.1\" has no port; allowed: \"IP:port\", \"[IPv6]:port\", "
      "\":port\", \"unix:/path\"",
      "5:7: server.listen_addr[2]: \"nowhere:1\" does not begin with an IP address; allowed: \"IP:port\", "
      "\"[IPv6]:port\", \":port\", \"unix:/path\""}},
    {"RelativeUnixPath",
     "server:\n"
     "  listen_addr: \"unix:run/tf.sock\"\n",
     {"2:16: server.listen_addr: \"unix:run/tf.sock\" needs an absolute path after unix:; allowed: "
      "\"IP:port\", \"[IPv6]:port\", \":port\", \"unix:/path\""}},
    {"LongUnixPath",
     "server:\n"
     "  listen_addr: "
     "\"unix:/"
     "ppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp"
     "pppp\"\n",
     {"2:16: server.listen_addr: "
      "\"unix:/pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp...\" has a path of "
      "more than 107 bytes; allowed: \"IP:port\", \"[IPv6]:port\", \":port\", \"unix:/path\""}},
    {"TwiceInOneList",
     "server:\n"
     "  listen_addr: [\":80\", \":80\"]\n",
     {"2:16: server.listen_addr: \":80\" is listed twice; allowed: an address of its own"}},
    {"CoveredByAnyAddress",
     "server:\n"
     "  listen_addr: [\"127.0.0.1:80\", \":80\"]\n",
     {"2:16: server.listen_addr: \":80\" overlaps with \"127.0.0.1:80\" of server.listen_addr; allowed: an "
      "address of its own"}},
    {"CoveredByAnyIpv4Address",
     "server:\n"
     "  listen_addr: [\"0.0.0.0:80\", \"127.0.0.1:80\"]\n",
     {"2:16: server.listen_addr: \"127.0.0.1:80\" overlaps with \"0.0.0.0:80\" of server.listen_addr; "
      "allowed: an address of its own"}},
    {"MetricsOnAPath",
     "metrics:\n"
     "  listen_addr: \"unix:/run/m.sock\"\n",
     {"2:16: metrics.listen_addr: \"unix:/run/m.sock\" is a path; allowed: \"IP:port\", \"[IPv6]:port\", "
      "\":port\""}},
    {"MetricsOnTwoAddresses",
     "metrics:\n"
     "  listen_addr: [\"127.0.0.1:1\", \"127.0.0.1:2\"]\n",
     {"2:16: metrics.listen_addr: is a list; allowed: \"IP:port\", \"[IPv6]:port\", \":port\""}},
    {"MetricsOnTheListener",
     "metrics:\n"
     "  listen_addr: \"127.0.0.1:1234\"\n",
     {"2:16: metrics.listen_addr: \"127.0.0.1:1234\" is taken by server.listen_addr; allowed: an address of "
      "its own"}},
    {"ListenerOnTheMetrics",
     "metrics:\n"
     "  listen_addr: \"127.0.0.1:7000\"\n"
     "server:\n"
     "  listen_addr: \":7000\"\n",
     {"4:16: server.listen_addr: \":7000\" overlaps with \"127.0.0.1:7000\" of metrics.listen_addr; allowed: "
      "an address of its own"}},
    {"SourceIsHostName",
     "remotes:\n"
     "  source_addrs: [\"localhost\"]\n",
     {"2:18: remotes.source_addrs[0]: \"localhost\" is not an IP address; allowed: an IP address"}},
    {"SourceHasPort",
     "remotes:\n"
     "  source_addrs: [\"127.0.0.1\", \"127.0.0.2:80\"]\n",
     {"2:31: remotes.source_addrs[1]: \"127.0.0.2:80\" is not an IP address; allowed: an IP address"}},
    {"SourceIsNoList",
     "remotes:\n"
     "  source_addrs: \"127.0.0.1\"\n",
     {"2:17: remotes.source_addrs: \"127.0.0.1\" is a single value; allowed: a list, each an IP address"}},
};

INSTANTIATE_TEST_SUITE_P(Address, BrokenConfigTest, testing::ValuesIn(cases), broken_name);

}  // namespace
}  // namespace fwd
