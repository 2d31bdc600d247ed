#include "telemetry/log_format.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace fwd {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr system_clock::time_point kTime{milliseconds(1'767'225'600'007)};

struct Formatted {
  std::string text;
  std::string json;
};

Formatted format(std::string_view message, std::initializer_list<LogField> fields = {}) {
  const LogEvent event{kTime, LogLevel::warn, LogModule::selector, message, {fields.begin(), fields.size()}};
  return {format_text(event), format_json(event)};
}

TEST(LogFormatTest, TimeIsRfc3339InUtcWithMilliseconds) {
  const struct {
    std::int64_t unix_ms;
    const char* text;
  } cases[] = {
      {0, "1970-01-01T00:00:00.000Z"},
      {951'782'399'999, "2000-02-28T23:59:59.999Z"},
      {951'782'400'000, "2000-02-29T00:00:00.000Z"},
      {1'767'225'599'001, "2025-12-31T23:59:59.001Z"},
      {4'102'444'800'000, "2100-01-01T00:00:00.000Z"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(format_time(system_clock::time_point(milliseconds(c.unix_ms))), c.text);
  }
}

TEST(LogFormatTest, TextHasTimeLevelModuleMessageAndFields) {
  const Formatted line = format("active set changed", {{"backend", "10.0.0.1:80"},
                                                       {"score", 72.5},
                                                       {"members", std::uint64_t{3}},
                                                       {"change", std::int64_t{-1}},
                                                       {"panic", false}});
  EXPECT_EQ(line.text,
            "2026-01-01T00:00:00.007Z warn selector: active set changed backend=10.0.0.1:80 score=72.5 "
            "members=3 change=-1 panic=false\n");
}

TEST(LogFormatTest, JsonKeepsTheTypesOfTheFields) {
  const Formatted line = format("active set changed", {{"backend", "10.0.0.1:80"},
                                                       {"score", 72.5},
                                                       {"bytes", std::numeric_limits<std::uint64_t>::max()},
                                                       {"change", std::int64_t{-1}},
                                                       {"panic", true}});
  EXPECT_EQ(line.json, R"({"time":"2026-01-01T00:00:00.007Z","level":"warn","module":"selector",)"
                       R"("message":"active set changed","backend":"10.0.0.1:80","score":72.5,)"
                       R"("bytes":18446744073709551615,"change":-1,"panic":true})"
                       "\n");
}

TEST(LogFormatTest, TextQuotesValuesThatWouldBeMisread) {
  const struct {
    const char* value;
    const char* text;
  } cases[] = {
      {"plain-1.2:3/x", "plain-1.2:3/x"},  {"", R"("")"},
      {"two words", R"("two words")"},     {"a=b", R"("a=b")"},
      {"say \"hi\"", R"("say \"hi\"")"},   {"back\\slash", R"("back\\slash")"},
      {"line\nbreak", R"("line\nbreak")"}, {"\x1b[31mred", R"("\u001b[31mred")"},
      {"caf\xc3\xa9", "\"caf\xc3\xa9\""},
  };
  for (const auto& c : cases) {
    const std::string text = format("m", {{"v", c.value}}).text;
    EXPECT_EQ(text, std::string("2026-01-01T00:00:00.007Z warn selector: m v=") + c.text + "\n");
  }
}

TEST(LogFormatTest, AMessageCannotForgeASecondLine) {
  const Formatted line = format("bad input: \n2026 info app: all is well\r\x1b[2J");
  EXPECT_EQ(
      line.text,
      "2026-01-01T00:00:00.007Z warn selector: bad input: \\n2026 info app: all is well\\r\\u001b[2J\n");
  EXPECT_EQ(json::parse(line.json)["message"], "bad input: \n2026 info app: all is well\r\x1b[2J");
}

TEST(LogFormatTest, BytesThatAreNotUtf8AreReplaced) {
  const Formatted line = format("name \xff", {{"host", "a\xc3\x28z"}, {"cut", "\xe2\x82"}});
  const json parsed = json::parse(line.json);
  EXPECT_EQ(parsed["message"], "name \xef\xbf\xbd");
  EXPECT_EQ(parsed["host"], "a\xef\xbf\xbd(z");
  EXPECT_EQ(parsed["cut"], "\xef\xbf\xbd");
  EXPECT_EQ(line.text,
            "2026-01-01T00:00:00.007Z warn selector: name \xef\xbf\xbd host=\"a\xef\xbf\xbd(z\" "
            "cut=\"\xef\xbf\xbd\"\n");
}

TEST(LogFormatTest, JsonSurvivesNumbersThatJsonDoesNotHave) {
  const json parsed = json::parse(format("m", {{"nan", std::nan("")}, {"inf", HUGE_VAL}}).json);
  EXPECT_TRUE(parsed["nan"].is_null());
  EXPECT_TRUE(parsed["inf"].is_null());
}

TEST(LogFormatTest, AFieldCannotReplaceAStandardMember) {
  const json parsed = json::parse(format("m", {{"level", "error"}, {"time", "never"}}).json);
  EXPECT_EQ(parsed["level"], "warn");
  EXPECT_EQ(parsed["time"], "2026-01-01T00:00:00.007Z");
}

}  // namespace
}  // namespace fwd
