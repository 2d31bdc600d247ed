#include "app/admission.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace fwd {
namespace {

TEST(AdmissionTest, GivesAsManyPlacesAsThereAre) {
  Admission admission(2);
  EXPECT_TRUE(admission.enter());
  EXPECT_TRUE(admission.enter());
  EXPECT_FALSE(admission.enter());
}

TEST(AdmissionTest, TellsOnceThatSomebodyWaits) {
  Admission admission(1);
  ASSERT_TRUE(admission.enter());
  ASSERT_FALSE(admission.enter());
  EXPECT_TRUE(admission.leave());
  ASSERT_TRUE(admission.enter());
  EXPECT_FALSE(admission.leave());
}

TEST(AdmissionTest, WhoeverRunsOutOfDescriptorsIsToldOfTheNextPlace) {
  Admission admission(10);
  ASSERT_TRUE(admission.enter());
  ASSERT_TRUE(admission.enter());
  admission.wait();
  EXPECT_TRUE(admission.leave());
}

TEST(AdmissionTest, NeverExceedsItsPlacesUnderContention) {
  constexpr std::uint64_t kPlaces = 3;
  Admission admission(kPlaces);
  std::atomic<std::uint64_t> inside{0};
  std::atomic<std::uint64_t> most{0};
  const auto visit = [&] {
    for (int i = 0; i < 20'000; ++i) {
      if (!admission.enter()) continue;
      const std::uint64_t now = ++inside;
      std::uint64_t seen = most.load();
      while (now > seen && !most.compare_exchange_weak(seen, now)) {
      }
      --inside;
      admission.leave();
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(visit);
  for (auto& thread : threads) thread.join();
  EXPECT_LE(most.load(), kPlaces);
  EXPECT_GE(most.load(), 1U);
  for (std::uint64_t i = 0; i < kPlaces; ++i) EXPECT_TRUE(admission.enter());
  EXPECT_FALSE(admission.enter());
}

}  // namespace
}  // namespace fwd
