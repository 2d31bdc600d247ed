#include "config/suggest.h"

#include <gtest/gtest.h>

namespace fwd {
namespace {

const std::vector<std::string> known = {"interval", "timeout", "initial", "max", "max_size"};

TEST(SuggestTest, FindsTheNearest) {
  EXPECT_EQ(nearest("intervall", known), "interval");
  EXPECT_EQ(nearest("tiemout", known), "timeout");
  EXPECT_EQ(nearest("initals", known), "initial");
  EXPECT_EQ(nearest("mx", known), "max");
  EXPECT_EQ(nearest("max-size", known), "max_size");
}

TEST(SuggestTest, SaysNothingWhenAllAreFar) {
  for (const std::string& word :
       {std::string("colour"), std::string(), std::string("in"), std::string(1'000'000, 'x')}) {
    EXPECT_EQ(nearest(word, known), std::nullopt) << word.substr(0, 20);
  }
}

}  // namespace
}  // namespace fwd
