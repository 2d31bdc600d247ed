#include "config/broken_config.h"

namespace fwd {
namespace {

const std::vector<BrokenConfig> cases = {
    {"IsBlock",
     "services:\n"
     "  web: { }\n",
     {"2:3: services: is a block of keys; allowed: a list of services, each with a name"}},
    {"IsText",
     "services: web\n",
     {"1:11: services: \"web\" is a single value; allowed: a list of services, each with a name"}},
    {"IsEmptyList", "services: []\n", {"1:11: services: has 0 entries; allowed: 1 to 256"}},
    {"EntryIsText",
     "services:\n"
     "  - web\n",
     {"2:5: services[0]: \"web\" is a single value; allowed: a block with a name"}},
    {"EntryIsEmpty",
     "services:\n"
     "  - name: \"a\"\n"
     "  -\n",
     {"3:1: services[1]: is empty; allowed: a block with a name"}},
    {"NameIsMissing",
     "services:\n"
     "  - server: { backlog: 1 }\n",
     {"2:5: services[0].name: is missing; allowed: letters, digits, \"_\" and \"-\""}},
    {"NameIsEmpty",
     "services:\n"
     "  - name: \"\"\n",
     {"2:11: services[0].name: is empty; allowed: letters, digits, \"_\" and \"-\""}},
    {"NameIsNull",
     "services:\n"
     "  - name:\n"
     "    server: { backlog: 1 }\n",
     {"2:5: services[0].name: is missing; allowed: letters, digits, \"_\" and \"-\""}},
    {"NameHasSpace",
     "services:\n"
     "  - name: \"my web\"\n",
     {"2:11: services[0].name: \"my web\" has a character that is not allowed; allowed: letters, digits, "
      "\"_\" and \"-\""}},
    {"NameIsList",
     "services:\n"
     "  - name: [web]\n",
     {"2:11: services[0].name: is a list; allowed: letters, digits, \"_\" and \"-\""}},
    {"NameIsTaken",
     "services:\n"
     "  - name: web\n"
     "  - name: web\n"
     "    server: { listen_addr: \":2\" }\n",
     {"3:11: services[1].name: \"web\" is taken by services[0].name; allowed: a name of its own"}},
    {"NoListenerOfItsOwn",
     "services:\n"
     "  - name: a\n"
     "  - name: b\n",
     {"3:5: services[1].server.listen_addr: \"127.0.0.1:1234\" is taken by services[0].server.listen_addr; "
      "allowed: an address of its own"}},
    {"InheritedListenerIsShared",
     "server:\n"
     "  listen_addr: \":80\"\n"
     "services:\n"
     "  - name: a\n"
     "  - name: b\n"
     "  - name: c\n"
     "    server: { listen_addr: \":81\" }\n",
     {"5:5: services[1].server.listen_addr: \":80\" is taken by services[0].server.listen_addr; allowed: an "
      "address of its own"}},
    {"SameListener",
     "services:\n"
     "  - name: a\n"
     "    server: { listen_addr: \"unix:/run/a\" }\n"
     "  - name: b\n"
     "    server: { listen_addr: \"unix:/run/a\" }\n",
     {"5:28: services[1].server.listen_addr: \"unix:/run/a\" is taken by services[0].server.listen_addr; "
      "allowed: an address of its own"}},
    {"ListenerOnTheMetrics",
     "services:\n"
     "  - name: a\n"
     "    server: { listen_addr: \":9099\" }\n",
     {"3:28: services[0].server.listen_addr: \":9099\" overlaps with \"127.0.0.1:9099\" of "
      "metrics.listen_addr; allowed: an address of its own"}},
    {"WorkersInAService",
     "services:\n"
     "  - name: a\n"
     "    server: { workers: 2 }\n",
     {"3:15: services[0].server.workers: holds for the whole process; allowed: at the top level, as "
      "server.workers"}},
    {"ConnectionsInAService",
     "services:\n"
     "  - name: a\n"
     "    server: { max_connections: 2 }\n",
     {"3:15: services[0].server.max_connections: holds for the whole process; allowed: at the top level, as "
      "server.max_connections"}},
    {"LoggingInAService",
     "services:\n"
     "  - name: a\n"
     "    logging: { level: debug }\n",
     {"3:5: services[0].logging: holds for the whole process; allowed: at the top level, as logging"}},
    {"MetricsInAService",
     "services:\n"
     "  - name: a\n"
     "    metrics:\n"
     "      enabled: false\n",
     {"3:5: services[0].metrics: holds for the whole process; allowed: at the top level, as metrics"}},
    {"UnknownKeyInAService",
     "services:\n"
     "  - name: a\n"
     "    server: { baklog: 1 }\n",
     {"3:15: services[0].server.baklog: unknown key; did you mean \"backlog\"?"}},
    {"UnknownSectionInAService",
     "services:\n"
     "  - name: a\n"
     "    extras: 1\n",
     {"3:5: services[0].extras: unknown key; allowed here: server, remotes, pools, name"}},
    {"MistypedName",
     "services:\n"
     "  - nam: a\n",
     {"2:5: services[0].nam: unknown key; did you mean \"name\"?",
      "2:5: services[0].name: is missing; allowed: letters, digits, \"_\" and \"-\""}},
    {"DuplicateKeyInAService",
     "services:\n"
     "  - name: a\n"
     "    name: b\n",
     {"3:5: services[0].name: given twice, first in line 2; allowed: once"}},
    {"BadValueInTheSecond",
     "services:\n"
     "  - name: a\n"
     "  - name: b\n"
     "    server:\n"
     "      listen_addr: \":2\"\n"
     "      backlog: 0\n",
     {"6:16: services[1].server.backlog: 0 is out of range; allowed: a whole number from 1 to 65535"}},
    {"OverrideDoesNotFitTheTop",
     "remotes:\n"
     "  probing: { interval: \"2s\" }\n"
     "services:\n"
     "  - name: a\n"
     "    remotes: { probing: { timeout: \"3s\" } }\n",
     {"5:36: services[0].remotes.probing.timeout: \"3s\" is too large; allowed: at most "
      "remotes.probing.interval, which is \"2s\""}},
    {"FaultOfTheTopIsToldOnce",
     "remotes:\n"
     "  probing: { interval: \"2s\", timeout: \"3s\" }\n"
     "services:\n"
     "  - name: a\n"
     "  - name: b\n"
     "    server: { listen_addr: \":2\" }\n",
     {"2:39: remotes.probing.timeout: \"3s\" is too large; allowed: at most remotes.probing.interval, which "
      "is \"2s\""}},
    {"NestedServices",
     "services:\n"
     "  - name: a\n"
     "    services: []\n",
     {"3:5: services[0].services: unknown key; allowed here: server, remotes, pools, name"}},
    {"ServiceThatHoldsItself",
     "services: &all\n"
     "  - *all\n",
     {"1:11: services[0]: is a list; allowed: a block with a name"}},
};

INSTANTIATE_TEST_SUITE_P(Services, BrokenConfigTest, testing::ValuesIn(cases), broken_name);

}  // namespace
}  // namespace fwd
