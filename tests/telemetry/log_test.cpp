#include "telemetry/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

namespace fwd {
namespace {

using nlohmann::json;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> read_lines(const std::filesystem::path& path) {
  std::istringstream text(read_file(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

bool wait_for(const std::function<bool()>& fact) {
  const auto deadline = steady_clock::now() + std::chrono::seconds(20);
  while (!fact() && steady_clock::now() < deadline) std::this_thread::yield();
  return fact();
}

class LogTest : public testing::Test {
 protected:
  LogTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fwd-log-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~LogTest() override {
    log_stop();
    std::filesystem::remove_all(directory_);
  }

  std::filesystem::path path(const char* name = "log") const { return directory_ / name; }
  LogOptions to_file() const {
    LogOptions options;
    options.output = path().string();
    return options;
  }

  std::filesystem::path directory_;
};

TEST_F(LogTest, WritesLinesInOrderAndStopWritesWhatIsQueued) {
  ASSERT_EQ(log_start(to_file()), "");
  for (std::int64_t i = 0; i < 2000; ++i) log(LogModule::app, LogLevel::info, "line", {{"n", i}});
  log_stop();
  const auto lines = read_lines(path());
  ASSERT_THAT(lines, SizeIs(2000));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    ASSERT_THAT(lines[i], EndsWith(" info app: line n=" + std::to_string(i)));
  }
}

TEST_F(LogTest, JsonLinesAreObjectsWithTheTimeOfNow) {
  LogOptions options = to_file();
  options.json = true;
  ASSERT_EQ(log_start(options), "");
  const auto before = std::chrono::system_clock::now();
  log(LogModule::probe, LogLevel::error, "broken \xff \"quote\"", {{"rtt_ms", 0.5}});
  log_stop();
  const auto lines = read_lines(path());
  ASSERT_THAT(lines, SizeIs(1));
  const json line = json::parse(lines[0]);
  EXPECT_EQ(line["level"], "error");
  EXPECT_EQ(line["module"], "probe");
  EXPECT_EQ(line["message"], "broken \xef\xbf\xbd \"quote\"");
  EXPECT_EQ(line["rtt_ms"], 0.5);
  std::tm parts{};
  ASSERT_NE(::strptime(line["time"].get<std::string>().c_str(), "%Y-%m-%dT%H:%M:%S", &parts), nullptr);
  const auto written = std::chrono::system_clock::from_time_t(::timegm(&parts));
  EXPECT_LT(std::chrono::abs(written - before), std::chrono::seconds(30));
}

TEST_F(LogTest, AppendsToAFileThatExists) {
  std::ofstream(path()) << "earlier\n";
  ASSERT_EQ(log_start(to_file()), "");
  log(LogModule::app, LogLevel::info, "later");
  log_stop();
  EXPECT_THAT(read_lines(path()), ElementsAre("earlier", EndsWith("later")));
}

TEST_F(LogTest, ModuleLevelsOverrideTheCommonLevel) {
  LogOptions options = to_file();
  options.level = LogLevel::warn;
  options.module_levels = {{LogModule::probe, LogLevel::trace}, {LogModule::session, LogLevel::error}};
  ASSERT_EQ(log_start(options), "");
  const struct {
    LogModule module;
    LogLevel lowest;
  } cases[] = {{LogModule::app, LogLevel::warn},
               {LogModule::probe, LogLevel::trace},
               {LogModule::session, LogLevel::error}};
  std::vector<testing::Matcher<std::string>> expected;
  for (const auto& c : cases) {
    for (int i = 0; i < 5; ++i) {
      const auto level = static_cast<LogLevel>(i);
      EXPECT_EQ(log_enabled(c.module, level), level >= c.lowest);
      log(c.module, level, "x");
      const std::string written = std::string(to_string(level)) + " " + std::string(to_string(c.module));
      if (level >= c.lowest) expected.push_back(HasSubstr(" " + written + ": x"));
    }
  }
  log_stop();
  EXPECT_THAT(read_lines(path()), testing::ElementsAreArray(expected));
}

TEST_F(LogTest, ReopenFollowsARotation) {
  ASSERT_EQ(log_start(to_file()), "");
  log(LogModule::app, LogLevel::info, "before");
  ASSERT_TRUE(wait_for([this] { return !read_file(path()).empty(); }));
  std::filesystem::rename(path(), path("log.1"));
  log_reopen();
  ASSERT_TRUE(wait_for([this] { return std::filesystem::exists(path()); })) << "without waiting for a line";
  log(LogModule::app, LogLevel::info, "after");
  log_stop();
  EXPECT_THAT(read_lines(path("log.1")), ElementsAre(EndsWith("before")));
  EXPECT_THAT(read_lines(path()), ElementsAre(EndsWith("after")));
}

TEST_F(LogTest, AFailedReopenKeepsTheOldFile) {
  const auto folder = path("folder");
  std::filesystem::create_directory(folder);
  LogOptions options;
  options.output = (folder / "log").string();
  ASSERT_EQ(log_start(options), "");
  const auto moved = path("moved");
  std::filesystem::rename(folder, moved);
  testing::internal::CaptureStderr();
  log_reopen();
  log(LogModule::app, LogLevel::info, "still here");
  log_stop();
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("cannot reopen the log " + options.output));
  EXPECT_THAT(read_lines(moved / "log"), ElementsAre(EndsWith("still here")));
}

TEST_F(LogTest, OptionsCanChangeWhileItRuns) {
  ASSERT_EQ(log_start(to_file()), "");
  log(LogModule::app, LogLevel::info, "one");
  log(LogModule::app, LogLevel::debug, "too fine");
  LogOptions options;
  options.output = path("second").string();
  options.json = true;
  options.level = LogLevel::debug;
  ASSERT_EQ(log_start(options), "");
  log(LogModule::app, LogLevel::debug, "two");
  log_stop();
  EXPECT_THAT(read_lines(path()), ElementsAre(EndsWith("info app: one")));
  const auto lines = read_lines(path("second"));
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(json::parse(lines[0])["message"], "two");
}

TEST_F(LogTest, AnOutputThatCannotBeOpenedIsNamedAndChangesNothing) {
  ASSERT_EQ(log_start(to_file()), "");
  LogOptions options;
  options.output = path("missing/log").string();
  EXPECT_EQ(log_start(options), "cannot open the log " + options.output + ": No such file or directory");
  log(LogModule::app, LogLevel::info, "to the first");
  log_stop();
  EXPECT_THAT(read_lines(path()), ElementsAre(EndsWith("to the first")));
}

TEST_F(LogTest, WithoutAStartWarningsGoToStderr) {
  const auto write_both = [] {
    testing::internal::CaptureStderr();
    log(LogModule::config, LogLevel::info, "quiet");
    log(LogModule::config, LogLevel::warn, "heard", {{"line", std::int64_t{3}}});
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(write_both(), EndsWith("Z warn config: heard line=3\n"));
  ASSERT_EQ(log_start(to_file()), "");
  log_stop();
  log_stop();
  log_reopen();
  EXPECT_THAT(write_both(), EndsWith("Z warn config: heard line=3\n"))
      << "after the stop as before the start";
  EXPECT_THAT(read_lines(path()), IsEmpty());
}

TEST_F(LogTest, WritesToStandardOutput) {
  testing::internal::CaptureStdout();
  ASSERT_EQ(log_start({}), "");
  log(LogModule::app, LogLevel::info, "hello");
  log_stop();
  EXPECT_THAT(testing::internal::GetCapturedStdout(), EndsWith(" info app: hello\n"));
}

TEST_F(LogTest, ManyThreadsWriteWholeLinesWhileOptionsChange) {
  LogOptions options = to_file();
  options.json = true;
  ASSERT_EQ(log_start(options), "");
  const std::uint64_t dropped_before = log_dropped();
  constexpr std::int64_t kThreads = 4, kLines = 2000;
  constexpr std::uint64_t kReopened = 20;
  {
    std::vector<std::jthread> writers;
    for (std::int64_t thread = 0; thread < kThreads; ++thread) {
      writers.emplace_back([thread] {
        for (std::int64_t i = 0; i < kLines; ++i) {
          log(LogModule::worker, LogLevel::info, "line", {{"thread", thread}, {"n", i}});
        }
      });
    }
    for (std::uint64_t i = 0; i < kReopened; ++i) {
      log_reopen();
      EXPECT_EQ(log_start(options), "");
    }
  }
  log_stop();
  const auto lines = read_lines(path());
  std::vector<std::int64_t> seen(kThreads, -1);
  for (const std::string& text : lines) {
    const json line = json::parse(text);
    std::int64_t& last = seen.at(line["thread"].get<std::size_t>());
    EXPECT_GT(line["n"].get<std::int64_t>(), last) << "a thread's own lines stay in order";
    last = line["n"].get<std::int64_t>();
  }
  const std::uint64_t accounted = lines.size() + (log_dropped() - dropped_before);
  EXPECT_GE(accounted, std::uint64_t{kThreads * kLines});
  EXPECT_LE(accounted, std::uint64_t{kThreads * kLines} + kReopened);  // a lost request to reopen counts too
}

// A FIFO whose reader does not read: what a stuck disk or log collector looks like.
class BlockedLogTest : public LogTest {
 protected:
  BlockedLogTest() {
    EXPECT_EQ(::mkfifo(path().c_str(), 0600), 0);
    reader_ = ::open(path().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    EXPECT_GE(reader_, 0);
    dropped_before_ = log_dropped();
  }
  ~BlockedLogTest() override { ::close(reader_); }

  // Whole lines, until the writer has closed its end.
  std::size_t count_lines_to_the_end() const {
    std::size_t lines = 0;
    std::array<char, 65536> buffer;
    for (pollfd input{reader_, POLLIN, 0}; ::poll(&input, 1, 20'000) == 1;) {
      const ssize_t size = ::read(reader_, buffer.data(), buffer.size());
      if (size <= 0) break;
      lines += static_cast<std::size_t>(std::count(buffer.begin(), buffer.begin() + size, '\n'));
    }
    return lines;
  }

  static void write_lines(std::size_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      log(LogModule::app, LogLevel::info, "a line of some length, as they are", {{"n", i}});
    }
  }
  std::uint64_t dropped() const { return log_dropped() - dropped_before_; }

  int reader_ = -1;
  std::uint64_t dropped_before_ = 0;
};

TEST_F(BlockedLogTest, NobodyWaitsAndEveryLineArrivesOrIsCounted) {
  constexpr std::size_t kLines = 30'000;
  ASSERT_EQ(log_start(to_file()), "");
  write_lines(kLines);
  EXPECT_GT(dropped(), kLines / 2);
  std::size_t arrived = 0;
  std::jthread reader([&] { arrived = count_lines_to_the_end(); });
  log_stop();
  reader.join();
  EXPECT_GT(arrived, 4000u) << "what was queued is kept";
  EXPECT_EQ(arrived + dropped(), kLines);
}

TEST_F(BlockedLogTest, StopGivesUpOnAnOutputThatStaysBlocked) {
  constexpr std::size_t kLines = 5'000;
  ASSERT_EQ(log_start(to_file()), "");
  write_lines(kLines);
  const auto before = steady_clock::now();
  log_stop();
  EXPECT_LT(steady_clock::now() - before, std::chrono::seconds(10));
  EXPECT_GT(dropped(), 0u);
  EXPECT_EQ(count_lines_to_the_end() + dropped(), kLines);
}

TEST_F(LogTest, AFifoWithoutAReaderIsAnErrorAndNotAHang) {
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  EXPECT_THAT(log_start(to_file()), HasSubstr("cannot open the log"));
}

TEST_F(LogTest, LinesThatCannotBeWrittenAreCountedAndReported) {
  LogOptions options;
  options.output = "/dev/full";
  if (!std::filesystem::exists(options.output)) GTEST_SKIP() << "no /dev/full here";
  const std::uint64_t before = log_dropped();
  testing::internal::CaptureStderr();
  ASSERT_EQ(log_start(options), "");
  for (int i = 0; i < 3; ++i) log(LogModule::app, LogLevel::info, "lost");
  log_stop();
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              EndsWith("error app: cannot write to the log /dev/full: No space left on device\n"));
  EXPECT_EQ(log_dropped() - before, 3u);
}

}  // namespace
}  // namespace fwd
