#include "config/broken_config.h"

namespace fwd {
namespace {

const std::vector<BrokenConfig> cases = {
    {"WholeNumberIsText",
     "server:\n"
     "  backlog: many\n",
     {"2:12: server.backlog: \"many\" is not a whole number; allowed: a whole number from 1 to 65535"}},
    {"WholeNumberIsBroken",
     "server:\n"
     "  backlog: 1.5\n",
     {"2:12: server.backlog: \"1.5\" is not a whole number; allowed: a whole number from 1 to 65535"}},
    {"WholeNumberIsNegative",
     "server:\n"
     "  workers: -1\n",
     {"2:12: server.workers: -1 is out of range; allowed: a whole number from 0 to 1024"}},
    {"WholeNumberIsTooSmall",
     "server:\n"
     "  backlog: 0\n",
     {"2:12: server.backlog: 0 is out of range; allowed: a whole number from 1 to 65535"}},
    {"WholeNumberIsTooLarge",
     "server:\n"
     "  backlog: 65536\n",
     {"2:12: server.backlog: 65536 is out of range; allowed: a whole number from 1 to 65535"}},
    {"WholeNumberOverflows",
     "server:\n"
     "  max_connections: 99999999999999999999\n",
     {"2:20: server.max_connections: 99999999999999999999 is out of range; allowed: a whole number from 1 to "
      "100000000"}},
    {"WholeNumberHasLeadingZero",
     "server:\n"
     "  backlog: 0100\n",
     {"2:12: server.backlog: \"0100\" is not a whole number; allowed: a whole number from 1 to 65535"}},
    {"WholeNumberIsHexadecimal",
     "server:\n"
     "  backlog: 0x10\n",
     {"2:12: server.backlog: \"0x10\" is not a whole number; allowed: a whole number from 1 to 65535"}},
    {"WholeNumberInQuotes",
     "server:\n"
     "  backlog: \"4096\"\n",
     {"2:12: server.backlog: \"4096\" is in quotes, so it is text and not a number; allowed: a whole number "
      "from 1 to 65535"}},
    {"WholeNumberIsList",
     "server:\n"
     "  backlog: [1]\n",
     {"2:12: server.backlog: is a list; allowed: a whole number from 1 to 65535"}},
    {"WholeNumberIsBlock",
     "server:\n"
     "  backlog: { a: 1 }\n",
     {"2:12: server.backlog: is a block of keys; allowed: a whole number from 1 to 65535"}},
    {"WholeNumberHasUnit",
     "server:\n"
     "  backlog: 4KiB\n",
     {"2:12: server.backlog: \"4KiB\" is not a whole number; allowed: a whole number from 1 to 65535"}},
    {"PortIsTooLarge",
     "remotes:\n"
     "  default_remote_port: 70000\n",
     {"2:24: remotes.default_remote_port: 70000 is out of range; allowed: a whole number from 1 to 65535"}},
    {"PortIsZero",
     "remotes:\n"
     "  default_remote_port: 0\n",
     {"2:24: remotes.default_remote_port: 0 is out of range; allowed: a whole number from 1 to 65535"}},
    {"FlagIsYes",
     "metrics:\n"
     "  enabled: yes\n",
     {"2:12: metrics.enabled: \"yes\" is neither true nor false; allowed: true or false"}},
    {"FlagIsNumber",
     "metrics:\n"
     "  enabled: 1\n",
     {"2:12: metrics.enabled: \"1\" is neither true nor false; allowed: true or false"}},
    {"FlagInQuotes",
     "metrics:\n"
     "  enabled: \"true\"\n",
     {"2:12: metrics.enabled: \"true\" is in quotes, so it is text; allowed: true or false"}},
    {"NumberIsText",
     "remotes:\n"
     "  selector:\n"
     "    min_score_threshold: high\n",
     {"3:26: remotes.selector.min_score_threshold: \"high\" is not a number; allowed: a number from 0 to "
      "10000"}},
    {"NumberIsNan",
     "remotes:\n"
     "  scoring:\n"
     "    latency: { max_score: .nan }\n",
     {"3:27: remotes.scoring.latency.max_score: \".nan\" is not a number; allowed: a number from 0 to 1000"}},
    {"NumberIsNanInWords",
     "remotes:\n"
     "  scoring:\n"
     "    latency: { max_score: nan }\n",
     {"3:27: remotes.scoring.latency.max_score: \"nan\" is not a number; allowed: a number from 0 to 1000"}},
    {"NumberIsInfinite",
     "remotes:\n"
     "  scoring:\n"
     "    latency: { max_score: .inf }\n",
     {"3:27: remotes.scoring.latency.max_score: \".inf\" is not a number; allowed: a number from 0 to 1000"}},
    {"NumberOverflows",
     "remotes:\n"
     "  scoring:\n"
     "    latency: { max_score: 1e999 }\n",
     {"3:27: remotes.scoring.latency.max_score: 1e999 is out of range; allowed: a number from 0 to 1000"}},
    {"NumberInQuotes",
     "remotes:\n"
     "  scoring:\n"
     "    latency: { ewma_alpha: \"0.2\" }\n",
     {"3:28: remotes.scoring.latency.ewma_alpha: \"0.2\" is in quotes, so it is text and not a number; "
      "allowed: a number above 0 and up to 1"}},
    {"AlphaIsZero",
     "remotes:\n"
     "  scoring:\n"
     "    latency: { ewma_alpha: 0 }\n",
     {"3:28: remotes.scoring.latency.ewma_alpha: 0 is out of range; allowed: a number above 0 and up to 1"}},
    {"AlphaIsAboveOne",
     "remotes:\n"
     "  scoring:\n"
     "    jitter: { ewma_alpha: 1.01 }\n",
     {"3:27: remotes.scoring.jitter.ewma_alpha: 1.01 is out of range; allowed: a number above 0 and up to "
      "1"}},
    {"WeightIsNegative",
     "remotes:\n"
     "  scoring:\n"
     "    weights: { latency: -0.1 }\n",
     {"3:25: remotes.scoring.weights.latency: -0.1 is out of range; allowed: a number from 0 to 1"}},
    {"WeightIsPercentage",
     "remotes:\n"
     "  scoring:\n"
     "    weights: { latency: 45 }\n",
     {"3:25: remotes.scoring.weights.latency: 45 is out of range; allowed: a number from 0 to 1"}},
    {"DurationIsBareNumber",
     "server:\n"
     "  idle_timeout: 15\n",
     {"2:17: server.idle_timeout: 15 has no unit (write it like \"15s\" or \"500ms\"); allowed: a duration "
      "from 1ms to 8760h"}},
    {"DurationIsBareNumberInQuotes",
     "server:\n"
     "  idle_timeout: \"15\"\n",
     {"2:17: server.idle_timeout: 15 has no unit (write it like \"15s\" or \"500ms\"); allowed: a duration "
      "from 1ms to 8760h"}},
    {"DurationIsBareFraction",
     "server:\n"
     "  idle_timeout: 0.5\n",
     {"2:17: server.idle_timeout: 0.5 has no unit (write it like \"15s\" or \"500ms\"); allowed: a duration "
      "from 1ms to 8760h"}},
    {"DurationHasUnknownUnit",
     "server:\n"
     "  idle_timeout: \"15sec\"\n",
     {"2:17: server.idle_timeout: \"15sec\" is not a duration (write it like \"15s\" or \"1m30s\"); allowed: "
      "a duration from 1ms to 8760h"}},
    {"DurationHasSpace",
     "server:\n"
     "  idle_timeout: \"15 s\"\n",
     {"2:17: server.idle_timeout: \"15 s\" is not a duration (write it like \"15s\" or \"1m30s\"); allowed: "
      "a duration from 1ms to 8760h"}},
    {"DurationHasFraction",
     "server:\n"
     "  idle_timeout: \"1.5s\"\n",
     {"2:17: server.idle_timeout: \"1.5s\" is not a duration (write it like \"15s\" or \"1m30s\"); allowed: "
      "a duration from 1ms to 8760h"}},
    {"DurationIsInWrongOrder",
     "server:\n"
     "  idle_timeout: \"30s1m\"\n",
     {"2:17: server.idle_timeout: \"30s1m\" is not a duration (write it like \"15s\" or \"1m30s\"); allowed: "
      "a duration from 1ms to 8760h"}},
    {"DurationIsNegative",
     "server:\n"
     "  idle_timeout: \"-5s\"\n",
     {"2:17: server.idle_timeout: \"-5s\" is not a duration (write it like \"15s\" or \"1m30s\"); allowed: a "
      "duration from 1ms to 8760h"}},
    {"DurationIsEmpty",
     "server:\n"
     "  idle_timeout: \"\"\n",
     {"2:17: server.idle_timeout: \"\" is not a duration (write it like \"15s\" or \"1m30s\"); allowed: a "
      "duration from 1ms to 8760h"}},
    {"DurationIsTooShort",
     "remotes:\n"
     "  probing:\n"
     "    interval: \"1ms\"\n",
     {"3:15: remotes.probing.interval: \"1ms\" is out of range; allowed: a duration from 10ms to 24h"}},
    {"DurationIsTooLong",
     "remotes:\n"
     "  probing:\n"
     "    timeout: \"1h\"\n",
     {"3:14: remotes.probing.timeout: \"1h\" is out of range; allowed: a duration from 1ms to 5m"}},
    {"DurationOverflows",
     "server:\n"
     "  idle_timeout: \"99999999999999999999h\"\n",
     {"2:17: server.idle_timeout: \"99999999999999999999h\" is out of range; allowed: a duration from 1ms to "
      "8760h"}},
    {"DurationIsList",
     "server:\n"
     "  idle_timeout: [\"1s\"]\n",
     {"2:17: server.idle_timeout: is a list; allowed: a duration from 1ms to 8760h"}},
    {"KeepaliveHasBrokenSecond",
     "pools:\n"
     "  common:\n"
     "    keepalive: { idle: \"1500ms\" }\n",
     {"3:24: pools.common.keepalive.idle: \"1500ms\" is not in whole seconds; allowed: whole seconds from 1s "
      "to 9h"}},
    {"LevelIsUnknown",
     "logging:\n"
     "  level: \"warning\"\n",
     {"2:10: logging.level: \"warning\" is not known; allowed: \"trace\", \"debug\", \"info\", \"warn\", "
      "\"error\""}},
    {"LevelInCapitals",
     "logging:\n"
     "  level: INFO\n",
     {"2:10: logging.level: \"INFO\" is not known; allowed: \"trace\", \"debug\", \"info\", \"warn\", "
      "\"error\""}},
    {"FormatIsUnknown",
     "logging:\n"
     "  format: xml\n",
     {"2:11: logging.format: \"xml\" is not known; allowed: \"text\", \"json\""}},
    {"AlgorithmIsUnknown",
     "pools:\n"
     "  algorithm: \"fastest\"\n",
     {"2:14: pools.algorithm: \"fastest\" is not known; allowed: \"least_connections\", \"round_robin\", "
      "\"random\", \"p2c\", \"source_hash\""}},
    {"OutputIsEmpty",
     "logging:\n"
     "  output: \"\"\n",
     {"2:11: logging.output: is empty; allowed: text that is not empty"}},
    {"ListFileIsEmpty",
     "remotes:\n"
     "  provider: { file: { path: \"\" } }\n",
     {"2:29: remotes.provider.file.path: is empty; allowed: text that is not empty"}},
    {"MetricsPathWithoutSlash",
     "metrics:\n"
     "  path: \"metrics\"\n",
     {"2:9: metrics.path: \"metrics\" does not begin with \"/\"; allowed: \"/\" and then letters, digits or "
      "any of /._-~"}},
    {"MetricsPathWithQuery",
     "metrics:\n"
     "  path: \"/metrics?all\"\n",
     {"2:9: metrics.path: \"/metrics?all\" has a character that is not allowed; allowed: \"/\" and then "
      "letters, digits or any of /._-~"}},
    {"MetricsPathIsHealthz",
     "metrics:\n"
     "  path: \"/healthz\"\n",
     {"2:9: metrics.path: \"/healthz\" is an endpoint of its own; allowed: another path"}},
    {"LongValueWithLineBreak",
     "logging:\n"
     "  level: \"long long long long long long long long long long long long long long long long long long "
     "long long \\nend\"\n",
     {"2:10: logging.level: \"long long long long long long long long long long long long long long long "
      "long ...\" is not known; allowed: \"trace\", \"debug\", \"info\", \"warn\", \"error\""}},
};

INSTANTIATE_TEST_SUITE_P(Value, BrokenConfigTest, testing::ValuesIn(cases), broken_name);

}  // namespace
}  // namespace fwd
