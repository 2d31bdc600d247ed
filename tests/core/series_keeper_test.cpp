#include "core/series_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace fwd {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

// Keys count from 1 in the order of adding; room for three.
class SeriesKeeperTest : public testing::Test {
 protected:
  void add(unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      const auto byte = static_cast<std::uint8_t>(board.records().size() + 1);
      board.add({{IpAddress{false, {10, 0, 0, byte}}, 80}});
    }
  }
  void answered(BackendKey key, int ms) { board.probe_succeeded(key, milliseconds(ms), TimePoint{}); }
  std::vector<BackendKey> update(std::vector<BackendKey> active = {}) { return keeper.update(board, active); }

  Scoreboard board{{}, {}};
  SeriesKeeper keeper{3};
};

TEST_F(SeriesKeeperTest, KeepsTheActiveAndTheBestOthers) {
  add(5);
  for (BackendKey key = 1; key <= 5; ++key) answered(key, 700 - 100 * static_cast<int>(key));
  EXPECT_THAT(update({1}), ElementsAre(1, 4, 5));
}

TEST_F(SeriesKeeperTest, AllFitWhenThereIsRoom) {
  add(3);
  EXPECT_THAT(update(), ElementsAre(1, 2, 3)) << "also those that never answered";
}

TEST_F(SeriesKeeperTest, KeptOneStaysThoughBetterOnesAppear) {
  add(3);
  for (BackendKey key = 1; key <= 3; ++key) answered(key, 500);
  update();
  add(1);
  answered(4, 10);
  EXPECT_THAT(update(), ElementsAre(1, 2, 3));
}

TEST_F(SeriesKeeperTest, ActiveOneTakesThePlaceOfTheWorst) {
  add(4);
  answered(1, 100);
  answered(2, 300);
  answered(3, 200);
  answered(4, 400);
  ASSERT_THAT(update({1}), ElementsAre(1, 2, 3));
  EXPECT_THAT(update({1, 4}), ElementsAre(1, 3, 4));
  EXPECT_THAT(update({1}), ElementsAre(1, 3, 4)) << "and stays when it is no longer active";
}

TEST_F(SeriesKeeperTest, ActiveSetIsKeptBeyondTheLimit) {
  add(5);
  EXPECT_THAT(update({1, 2, 3, 4}), ElementsAre(1, 2, 3, 4));
}

TEST_F(SeriesKeeperTest, OneThatNeverAnsweredGivesWay) {
  add(5);
  ASSERT_THAT(update(), ElementsAre(1, 2, 3));
  answered(4, 10);
  answered(5, 20);
  EXPECT_THAT(update(), ElementsAre(1, 4, 5));
}

TEST_F(SeriesKeeperTest, UnlistedOneKeepsItsPlaceUntilForgotten) {
  add(4);
  for (BackendKey key = 1; key <= 4; ++key) answered(key, 100);
  ASSERT_THAT(update(), ElementsAre(1, 2, 3));
  board.unlist(2);
  EXPECT_THAT(update(), ElementsAre(1, 2, 3));
  board.forget(2);
  EXPECT_THAT(update(), ElementsAre(1, 3, 4));
}

TEST_F(SeriesKeeperTest, UnlistedOneThatWasNotKeptDoesNotComeIn) {
  add(1);
  board.unlist(1);
  EXPECT_THAT(update(), IsEmpty());
}

TEST_F(SeriesKeeperTest, UnknownActiveKeyIsIgnored) { EXPECT_THAT(update({42}), IsEmpty()); }

}  // namespace
}  // namespace fwd
