#include "config/broken_config.h"

namespace fwd {
namespace {

const std::string bytes_256(256, 'a');

const std::vector<BrokenConfig> cases = {
    {"UnknownStrategy",
     "pools:\n"
     "  strategy: { type: \"elastic\" }\n",
     {"2:21: pools.strategy.type: \"elastic\" is not known; allowed: \"none\", \"static\", \"dynamic\", "
      "\"predictive\""}},
    {"PoolValues",
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
    {"UnknownProxyProtocol",
     "remotes:\n"
     "  proxy_protocol: v3\n",
     {"2:19: remotes.proxy_protocol: \"v3\" is not known; allowed: \"none\", \"v1\", \"v2\""}},
    {"TlsIsNoFlag",
     "remotes:\n"
     "  tls: { enabled: on }\n",
     {"2:19: remotes.tls.enabled: \"on\" is neither true nor false; allowed: true or false"}},
    {"TlsVersionIsTooOld",
     "remotes:\n"
     "  tls: { min_version: \"1.1\" }\n",
     {"2:23: remotes.tls.min_version: \"1.1\" is not known; allowed: \"1.2\", \"1.3\""}},
    {"AlpnIsText",
     "remotes:\n"
     "  tls: { alpn: \"h2\" }\n",
     {"2:16: remotes.tls.alpn: \"h2\" is a single value; allowed: a list, each text of 1 to 255 bytes"}},
    {"AlpnHasEmptyEntry",
     "remotes:\n"
     "  tls: { alpn: [\"h2\", \"\"] }\n",
     {"2:23: remotes.tls.alpn[1]: is empty; allowed: text of 1 to 255 bytes"}},
    {"AlpnHasLongEntry",
     "remotes:\n"
     "  tls: { alpn: [" +
         bytes_256 + "] }\n",
     {"2:17: remotes.tls.alpn[0]: has 256 bytes; allowed: text of 1 to 255 bytes"}},
    {"AlpnHasTooManyEntries",
     "remotes:\n"
     "  tls: { alpn: [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q] }\n",
     {"2:16: remotes.tls.alpn: has 17 entries; allowed: 0 to 16"}},
    {"ServerNameHasPort",
     "remotes:\n"
     "  tls: { server_name: \"example.com:443\" }\n",
     {"2:23: remotes.tls.server_name: \"example.com:443\" is neither a host name nor an IP address; allowed: "
      "a host name, an IP address, or empty"}},
    {"ServerNameIsPattern",
     "remotes:\n"
     "  tls: { server_name: \"*.example.com\" }\n",
     {"2:23: remotes.tls.server_name: \"*.example.com\" is neither a host name nor an IP address; allowed: a "
      "host name, an IP address, or empty"}},
    {"ServerNameIsBrokenAddress",
     "remotes:\n"
     "  tls: { server_name: \"10.0.0.256\" }\n",
     {"2:23: remotes.tls.server_name: \"10.0.0.256\" is neither a host name nor an IP address; allowed: a "
      "host name, an IP address, or empty"}},
    {"CertificateWithoutKey",
     "remotes:\n"
     "  tls: { cert_file: \"c.pem\" }\n",
     {"2:21: remotes.tls.cert_file: is given without remotes.tls.key_file; allowed: both or neither"}},
    {"KeyWithoutCertificate",
     "remotes:\n"
     "  tls: { key_file: \"k.pem\", cert_file: \"\" }\n",
     {"2:20: remotes.tls.key_file: is given without remotes.tls.cert_file; allowed: both or neither"}},
    {"KeyBesideARefusedCertificate",
     "remotes:\n"
     "  tls: { key_file: \"k.pem\", cert_file: [\"c.pem\"] }\n",
     {"2:40: remotes.tls.cert_file: is a list; allowed: text"}},
    {"KeyWithoutCertificateInAService",
     "services:\n"
     "  - name: a\n"
     "    remotes: { tls: { key_file: \"k.pem\" } }\n",
     {"3:33: services[0].remotes.tls.key_file: is given without remotes.tls.cert_file; allowed: both or "
      "neither"}},
};

INSTANTIATE_TEST_SUITE_P(Links, BrokenConfigTest, testing::ValuesIn(cases), broken_name);

}  // namespace
}  // namespace fwd
