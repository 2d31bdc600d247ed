#include "config/suggest.h"

#include <gtest/gtest.h>

namespace fwd {
namespace {

const std::vector<std::string> kKnown = {"interval", "timeout", "initial", "max", "max_size"};

TEST(SuggestTest, FindsTheNearest) {
  EXPECT_EQ(nearest("intervall", kKnown), "interval");
  EXPECT_EQ(nearest("tiemout", kKnown), "timeout");
  EXPECT_EQ(nearest("initals", kKnown), "initial");
  EXPECT_EQ(nearest("mx", kKnown), "max");
  EXPECT_EQ(nearest("max-size", kKnown), "max_size");
}

TEST(SuggestTest, SaysNothingWhenAllAreFar) {
  for (const std::string& word :
       {std::string("colour"), std::string(), std::string("in"), std::string(1'000'000, 'x')}) {
    EXPECT_EQ(nearest(word, kKnown), std::nullopt) << word.substr(0, 20);
  }
}

}  // namespace
}  // namespace fwd
