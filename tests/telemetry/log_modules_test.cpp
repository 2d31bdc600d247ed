#include <gmock/gmock.h>

#include "telemetry/log.h"

namespace fwd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(ModuleLevelsTest, ReadsPairsInOrder) {
  const ModuleLevels result = parse_module_levels("selector=debug,probe=trace,selector=error");
  EXPECT_EQ(result.error, "");
  EXPECT_THAT(result.levels,
              ElementsAre(Pair(LogModule::selector, LogLevel::debug), Pair(LogModule::probe, LogLevel::trace),
                          Pair(LogModule::selector, LogLevel::error)));
}

TEST(ModuleLevelsTest, NothingIsNoFault) {
  EXPECT_EQ(parse_module_levels("").error, "");
  EXPECT_THAT(parse_module_levels("").levels, IsEmpty());
}

TEST(ModuleLevelsTest, EveryModuleCanBeNamed) {
  for (std::size_t i = 0; i < kLogModuleCount; ++i) {
    const auto module = static_cast<LogModule>(i);
    const ModuleLevels result = parse_module_levels(std::string(to_string(module)) + "=warn");
    EXPECT_THAT(result.levels, ElementsAre(Pair(module, LogLevel::warn))) << to_string(module);
  }
}

TEST(ModuleLevelsTest, SaysWhatIsWrongAndWhatIsAllowed) {
  const struct {
    const char* text;
    const char* error;
  } cases[] = {
      {"debug", "\"debug\" is not of the form module=level"},
      {"probe=info,,worker=info", "\"\" is not of the form module=level"},
      {"relay=trace",
       "unknown module \"relay\"; the modules are app, config, provider, probe, selector, pool, worker, "
       "session, "
       "metrics"},
      {"probe=loud",
       "unknown level \"loud\" for module probe; the levels are trace, debug, info, warn, error"},
      {"probe=", "unknown level \"\" for module probe; the levels are trace, debug, info, warn, error"},
      {" probe=info",
       "unknown module \" probe\"; the modules are app, config, provider, probe, selector, pool, worker, "
       "session, "
       "metrics"},
  };
  for (const auto& c : cases) {
    const ModuleLevels result = parse_module_levels(c.text);
    EXPECT_EQ(result.error, c.error) << c.text;
    EXPECT_THAT(result.levels, IsEmpty()) << c.text;
  }
}

}  // namespace
}  // namespace fwd
