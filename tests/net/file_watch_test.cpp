#include "net/file_watch.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "net/run_until.h"

namespace fwd {
namespace {

class FileWatchTest : public testing::Test {
 protected:
  FileWatchTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fwd-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
    path = directory / "list.txt";
  }
  ~FileWatchTest() override { std::filesystem::remove_all(directory); }

  static void write(const std::filesystem::path& to, const std::string& text) { std::ofstream(to) << text; }
  // The change comes before the loop runs for the first time, and must be seen all the same.
  template <class Change>
  bool notices(Change change) {
    int calls = 0;
    FileWatch watch(loop, path.string(), std::chrono::milliseconds(2), [&calls] { ++calls; });
    change("10.0.0.1\n");
    return run_until(loop, [&calls] { return calls > 0; });
  }

  Loop loop;
  std::filesystem::path directory;
  std::filesystem::path path;
};

TEST_F(FileWatchTest, SeesAChange) {
  write(path, "");
  EXPECT_TRUE(notices([this](const std::string& text) { write(path, text); }));
}

TEST_F(FileWatchTest, SeesARenameOverIt) {
  write(path, "");
  EXPECT_TRUE(notices([this](const std::string& text) {
    write(directory / "new", text);
    std::filesystem::rename(directory / "new", path);
  }));
}

TEST_F(FileWatchTest, SeesAFileThatWasNotThereAtFirst) {
  int calls = 0;
  FileWatch watch(loop, path.string(), std::chrono::milliseconds(2), [&calls] { ++calls; });
  EXPECT_FALSE(run_until(
      loop, [&calls] { return calls > 0; }, std::chrono::milliseconds(20)));
  write(path, "10.0.0.1\n");
  EXPECT_TRUE(run_until(loop, [&calls] { return calls > 0; }));
}

}  // namespace
}  // namespace fwd
