#include "config/broken_config.h"

namespace fwd {
namespace {

const std::vector<BrokenConfig> cases = {
    {"UnclosedList",
     "server:\n"
     "  backlog: [1, 2\n",
     {"2:1: not valid YAML: a \"[\" above is not closed by \"]\""}},
    {"UnclosedBlock",
     "server: { backlog: 1\n",
     {"1:1: not valid YAML: a \"{\" above is not closed by \"}\""}},
    {"TabInIndentation",
     "logging:\n"
     "  level: \"info\"\n"
     "\tformat: \"text\"\n",
     {"3:2: not valid YAML: a tab in the indentation; allowed: spaces"}},
    {"TabAsIndentation",
     "logging:\n"
     "\tlevel: \"info\"\n",
     {"2:7: not valid YAML: a tab in the indentation; allowed: spaces"}},
    {"LessIndentedKey",
     "server:\n"
     "    backlog: 1\n"
     "  workers: 1\n",
     {"3:3: not valid YAML: this does not line up with the keys above it; check the indentation and quotes"}},
    {"DeeperIndentedKey",
     "server:\n"
     "  backlog: 1\n"
     "    workers: 1\n",
     {"3:12: not valid YAML: this \":\" does not belong here; check the indentation and quotes"}},
    {"ColonInPlainValue",
     "logging:\n"
     "  output: a: b\n",
     {"2:12: not valid YAML: this \":\" does not belong here; check the indentation and quotes"}},
    {"ListAmongKeys",
     "server:\n"
     "  backlog: 1\n"
     "  - workers\n",
     {"3:3: not valid YAML: this does not line up with the keys above it; check the indentation and quotes"}},
    {"AtSignBeginsValue",
     "logging:\n"
     "  output: @file\n",
     {"2:11: not valid YAML: a value cannot begin with this; put it in quotes"}},
    {"UnknownEscape",
     "logging:\n"
     "  output: \"\\q\"\n",
     {"2:14: not valid YAML: unknown escape character: q"}},
    {"UnclosedQuote",
     "logging:\n"
     "  output: \"stdout\n"
     "metrics:\n"
     "  enabled: true\n",
     {"4:16: not valid YAML: a quote above is not closed"}},
    {"TextAfterQuote",
     "logging:\n"
     "  output: \"std\"out\n",
     {"2:16: not valid YAML: this does not line up with the keys above it; check the indentation and "
      "quotes"}},
    {"UnknownAlias", "server: *nowhere\n", {"1:9: not valid YAML: the referenced anchor is not defined"}},
    {"NoSpaceAfterColon",
     "server:\n"
     "  backlog:1\n",
     {"2:3: server: \"backlog:1\" is a single value; allowed: a block of keys (listen_addr, workers, "
      "worker_cpu_affinity, backlog, max_connections, idle_timeout, half_close_timeout)"}},
    {"SecondDocument",
     "server:\n"
     "  backlog: 1\n"
     "---\n"
     "server:\n"
     "  backlog: 2\n",
     {"3:1: not valid YAML: the text before this is complete; check the indentation"}},
    {"ControlCharacter",
     "server:\n"
     "  backlog: \001\n",
     {"2:12: a control character; allowed: UTF-8 text"}},
    {"NotUtf8Text", std::string("\xff\xfes\0", 4), {"1:4: a control character; allowed: UTF-8 text"}},
};

INSTANTIATE_TEST_SUITE_P(Syntax, BrokenConfigTest, testing::ValuesIn(cases), broken_name);

}  // namespace
}  // namespace fwd
