#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "config/reader.h"

namespace fwd {
namespace {

using testing::IsEmpty;

class TargetListFileTest : public testing::Test {
 protected:
  ~TargetListFileTest() override { std::filesystem::remove(path_); }

  ListResult read(const std::string& text) {
    std::ofstream(path_, std::ios::binary) << text;
    return read_target_list(path_, 80);
  }

  const std::string path_ =
      testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name() + ".txt";
};

TEST_F(TargetListFileTest, GivesEntriesTheDefaultPort) {
  const ListResult result = read("127.0.0.1\n127.0.0.2:8080\n");
  EXPECT_THAT(result.faults, IsEmpty());
  ASSERT_EQ(result.list.endpoints.size(), 2U);
  EXPECT_EQ(to_string(result.list.endpoints[0]), "127.0.0.1:80");
  EXPECT_EQ(to_string(result.list.endpoints[1]), "127.0.0.2:8080");
}

TEST_F(TargetListFileTest, TellsEveryBadLineAndKeepsTheOthers) {
  const ListResult result = read("127.0.0.1\n  127.0.0.1:99999\n# fine\n[::1\n");
  EXPECT_EQ(result.list.endpoints.size(), 1U);
  ASSERT_EQ(result.faults.size(), 2U);
  EXPECT_THAT(to_string(result.faults[0]), testing::StartsWith(path_ + ":2:"));
  EXPECT_THAT(to_string(result.faults[1]), testing::StartsWith(path_ + ":4:"));
  EXPECT_FALSE(result.unreadable);
}

TEST_F(TargetListFileTest, MayHaveNoEntryAtAll) {
  const ListResult result = read("# nothing here yet\n");
  EXPECT_TRUE(result.list.empty());
  EXPECT_THAT(result.faults, IsEmpty());
  EXPECT_FALSE(result.unreadable);
}

TEST_F(TargetListFileTest, ThatIsNotThereIsUnreadable) {
  const ListResult result = read_target_list(path_, 80);
  ASSERT_EQ(result.faults.size(), 1U);
  EXPECT_EQ(to_string(result.faults[0]), path_ + ": cannot be read: No such file or directory");
  EXPECT_TRUE(result.unreadable);
}

}  // namespace
}  // namespace fwd
