#include "config/duration.h"

#include <gtest/gtest.h>

namespace fwd {
namespace {

using namespace std::chrono_literals;

TEST(DurationTest, ReadsEveryUnitAndCompounds) {
  const std::pair<const char*, Duration> cases[] = {{"250us", 250us},
                                                    {"500ms", 500ms},
                                                    {"15s", 15s},
                                                    {"10m", 10min},
                                                    {"1h", 1h},
                                                    {"1m30s", 90s},
                                                    {"1h2m3s4ms5us", 1h + 2min + 3s + 4ms + 5us},
                                                    {"90s", 90s},
                                                    {"0s", 0s},
                                                    {"1h1us", 1h + 1us},
                                                    {"007s", 7s}};
  for (const auto& [text, expected] : cases) EXPECT_EQ(parse_duration(text), expected) << text;
}

TEST(DurationTest, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "s", "15", "15x", "15 s", " 15s", "15s ", "1.5s", "-1s", "+1s", "1s1s", "1s1m",
                           "1ms1s", "s1", "1d", "15S", "1hm", "1m30", "15ns"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(DurationTest, HoldsTheLongestForWhatIsTooLong) {
  EXPECT_EQ(parse_duration("9999999h"), Duration::max());
  EXPECT_EQ(parse_duration("99999999999999999999999us"), Duration::max());
  EXPECT_EQ(parse_duration("2562047h59m"), Duration::max());
}

TEST(DurationTest, IsWrittenAsItIsRead) {
  EXPECT_EQ(format_duration(0s), "0s");
  EXPECT_EQ(format_duration(1500ms), "1s500ms");
  for (const char* text : {"250us", "1ms250us", "15s", "1m30s", "24h", "8760h", "1h1us"}) {
    EXPECT_EQ(format_duration(parse_duration(text).value()), text);
  }
}

}  // namespace
}  // namespace fwd
