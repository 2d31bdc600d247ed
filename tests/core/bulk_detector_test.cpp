#include "core/bulk_detector.h"

#include <gtest/gtest.h>

namespace fwd {
namespace {

constexpr std::size_t kLarge = BulkDetector::kLarge;
constexpr std::size_t kSmall = BulkDetector::kSmall - 1;

class BulkDetectorTest : public testing::Test {
 protected:
  void read(std::size_t bytes, int times) {
    for (; times > 0; --times) detector.read(bytes);
  }

  BulkDetector detector;
};

TEST_F(BulkDetectorTest, SmallMessagesAreNeverBulk) {
  read(64, 1000);
  read(kLarge - 1, 1000);
  EXPECT_FALSE(detector.bulk());
}

TEST_F(BulkDetectorTest, ALargeMessageNowAndThenIsNoBulk) {
  for (int i = 0; i < 100; ++i) {
    read(kLarge, BulkDetector::kToBegin - 1);
    read(64, 1);
  }
  EXPECT_FALSE(detector.bulk());
}

TEST_F(BulkDetectorTest, LargeReadsInARowAreBulk) {
  read(kLarge, BulkDetector::kToBegin);
  EXPECT_TRUE(detector.bulk());
}

TEST_F(BulkDetectorTest, StaysBulkWhileReadsAreNotSmall) {
  read(kLarge, BulkDetector::kToBegin);
  read(BulkDetector::kSmall, 1000);
  read(kSmall, BulkDetector::kToEnd - 1);
  read(BulkDetector::kSmall, 1);
  read(kSmall, BulkDetector::kToEnd - 1);
  EXPECT_TRUE(detector.bulk());
}

TEST_F(BulkDetectorTest, TurnsSmallAgainAndBack) {
  for (int i = 0; i < 3; ++i) {
    read(kLarge, BulkDetector::kToBegin);
    EXPECT_TRUE(detector.bulk());
    read(kSmall, BulkDetector::kToEnd);
    EXPECT_FALSE(detector.bulk());
  }
}

}  // namespace
}  // namespace fwd
