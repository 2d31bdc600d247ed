#include "config/broken_config.h"

namespace fwd {
namespace {

const std::vector<BrokenConfig> cases = {
    {"RootIsText",
     "hello\n",
     {"1:1: \"hello\" is a single value; allowed: a block of keys (server, logging, metrics, remotes, pools, "
      "services)"}},
    {"RootIsList",
     "- server\n"
     "- logging\n",
     {"1:1: is a list; allowed: a block of keys (server, logging, metrics, remotes, pools, services)"}},
    {"RootIsNumber",
     "42\n",
     {"1:1: \"42\" is a single value; allowed: a block of keys (server, logging, metrics, remotes, pools, "
      "services)"}},
    {"SectionIsText",
     "server: fast\n",
     {"1:9: server: \"fast\" is a single value; allowed: a block of keys (listen_addr, workers, "
      "worker_cpu_affinity, backlog, max_connections, idle_timeout, half_close_timeout)"}},
    {"SectionIsList",
     "server:\n"
     "  - backlog: 1\n",
     {"2:3: server: is a list; allowed: a block of keys (listen_addr, workers, worker_cpu_affinity, backlog, "
      "max_connections, idle_timeout, half_close_timeout)"}},
    {"NestedSectionIsNumber",
     "remotes:\n"
     "  probing: 15\n",
     {"2:12: remotes.probing: \"15\" is a single value; allowed: a block of keys (interval, timeout, "
      "probe_candidate_count, initial)"}},
    {"EmptySectionName",
     "server:\n"
     "  \"\": 1\n",
     {"2:3: server.: unknown key; allowed here: listen_addr, workers, worker_cpu_affinity, backlog, "
      "max_connections, idle_timeout, half_close_timeout"}},
    {"ListAsKey",
     "? [server]\n"
     ": 1\n",
     {"1:3: a key is a list; allowed: a name"}},
    {"NullKey", "~: 1\n", {"1:1: a key is empty; allowed: a name"}},
    {"DuplicateSection",
     "server:\n"
     "  backlog: 1\n"
     "logging:\n"
     "server:\n"
     "  backlog: 2\n",
     {"4:1: server: given twice, first in line 1; allowed: once"}},
    {"DuplicateKey",
     "server:\n"
     "  backlog: 1\n"
     "  workers: 1\n"
     "  backlog: 1\n",
     {"4:3: server.backlog: given twice, first in line 2; allowed: once"}},
    {"DuplicateKeyInOneLine",
     "remotes: { probing: { interval: \"1m\", interval: \"2m\" } }\n",
     {"1:39: remotes.probing.interval: given twice, first in line 1; allowed: once"}},
    {"MergeKey",
     "logging: &l\n"
     "  level: \"info\"\n"
     "metrics:\n"
     "  <<: *l\n",
     {"4:3: metrics.<<: merge keys are not supported; allowed: the keys themselves"}},
    {"MistypedSection",
     "sever:\n"
     "  backlog: 1\n",
     {"1:1: sever: unknown key; did you mean \"server\"?"}},
    {"MistypedKey",
     "server:\n"
     "  baklog: 1\n",
     {"2:3: server.baklog: unknown key; did you mean \"backlog\"?"}},
    {"SwappedLetters",
     "server:\n"
     "  wrokers: 1\n",
     {"2:3: server.wrokers: unknown key; did you mean \"workers\"?"}},
    {"HyphenForUnderscore",
     "server:\n"
     "  max-connections: 1\n",
     {"2:3: server.max-connections: unknown key; did you mean \"max_connections\"?"}},
    {"CamelCase",
     "server:\n"
     "  idleTimeout: \"1h\"\n",
     {"2:3: server.idleTimeout: unknown key; did you mean \"idle_timeout\"?"}},
    {"KeyInTheWrongSection",
     "backlog: 100\n",
     {"1:1: backlog: unknown key; did you mean \"server.backlog\"?"}},
    {"KeyALevelTooHigh",
     "remotes:\n"
     "  active_set_size: 3\n",
     {"2:3: remotes.active_set_size: unknown key; did you mean \"remotes.selector.active_set_size\"?"}},
    {"SectionALevelTooHigh",
     "probing:\n"
     "  interval: \"15s\"\n",
     {"1:1: probing: unknown key; did you mean \"remotes.probing\"?"}},
    {"NothingLikeIt",
     "logging:\n"
     "  colour: true\n",
     {"2:3: logging.colour: unknown key; allowed here: level, format, output"}},
    {"NothingLikeItAtTheTop",
     "http: true\n",
     {"1:1: http: unknown key; allowed here: server, logging, metrics, remotes, pools, services"}},
    {"NameAtTheTop",
     "name: \"web\"\n",
     {"1:1: name: unknown key; allowed here: server, logging, metrics, remotes, pools, services"}},
    {"LongUnknownKey",
     "logging:\n"
     "  "
     "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk: "
     "1\n",
     {"2:3: logging.kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk...: unknown "
      "key; allowed here: level, format, output"}},
    {"KeyBelowAValue",
     "server:\n"
     "  backlog:\n"
     "    size: 1\n",
     {"3:5: server.backlog: is a block of keys; allowed: a whole number from 1 to 65535"}},
    {"SeveralFaultsAtOnce",
     "server:\n"
     "  backlog: 0\n"
     "  wrokers: 1\n"
     "logging:\n"
     "  level: loud\n"
     "remotes:\n"
     "  probing:\n"
     "    interval: 15\n",
     {"2:12: server.backlog: 0 is out of range; allowed: a whole number from 1 to 65535",
      "3:3: server.wrokers: unknown key; did you mean \"workers\"?",
      "5:10: logging.level: \"loud\" is not known; allowed: \"trace\", \"debug\", \"info\", \"warn\", "
      "\"error\"",
      "8:15: remotes.probing.interval: 15 has no unit (write it like \"15s\" or \"500ms\"); allowed: a "
      "duration from 10ms to 24h"}},
};

INSTANTIATE_TEST_SUITE_P(Structure, BrokenConfigTest, testing::ValuesIn(cases), broken_name);

}  // namespace
}  // namespace fwd
