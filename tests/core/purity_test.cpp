#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

namespace fwd {
namespace {

// File name -> text of every source in src/core.
std::map<std::string, std::string> core_sources() {
  std::map<std::string, std::string> sources;
  const std::filesystem::path root = std::filesystem::path(FWD_SOURCE_DIR) / "src" / "core";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path());
    sources[entry.path().filename().string()].assign(std::istreambuf_iterator<char>(file), {});
  }
  return sources;
}

TEST(PurityTest, FindsTheSources) {
  const auto sources = core_sources();
  ASSERT_EQ(sources.count("address.cpp"), 1U);
  EXPECT_THAT(sources.at("address.cpp"), ::testing::HasSubstr("parse_ip"));
}

TEST(PurityTest, CoreDoesNoInputOutputAsksNoClockAndHasNoThreads) {
  for (const auto& [name, text] : core_sources()) {
    for (const std::string_view word :
         {"uv.h", "openssl", "::now(", "random_device", "spdlog", "<thread>", "<mutex>",
          "<condition_variable>", "<future>", "<iostream>", "<fstream>", "<filesystem>", "<sys/"}) {
      EXPECT_EQ(text.find(word), std::string::npos) << name << " mentions " << word;
    }
  }
}

// C++ headers have no dot in their names; those of an operating system or a library do.
bool allowed_include(std::string_view name) {
  return name.starts_with("\"core/") || (name.starts_with('<') && name.find('.') == std::string_view::npos);
}

TEST(PurityTest, CoreIncludesOnlyItselfAndTheStandardLibrary) {
  constexpr std::string_view kInclude = "#include ";
  for (const auto& [name, text] : core_sources()) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with(kInclude)) continue;
      EXPECT_TRUE(allowed_include(std::string_view(line).substr(kInclude.size()))) << name << ": " << line;
    }
  }
}

}  // namespace
}  // namespace fwd
