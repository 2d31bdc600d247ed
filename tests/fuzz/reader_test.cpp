#include "config/reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "core/random.h"
#include "core/target_list.h"

namespace fwd {
namespace {

// Deterministic: every run has the same inputs, so what fails once fails again.

std::string shipped(const std::string& name) {
  std::ifstream in(std::string(FWD_SOURCE_DIR) + "/" + name);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string random_text(Random& random, std::string_view alphabet, std::size_t most) {
  std::string text(random.below(most), '\0');
  for (char& c : text) c = alphabet[random.below(alphabet.size())];
  return text;
}

std::string random_bytes(Random& random, std::size_t most) {
  std::string text(random.below(most), '\0');
  for (char& c : text) c = static_cast<char>(random.below(256));
  return text;
}

// A few edits: a piece is taken out, doubled, moved, or overwritten.
std::string mutate(std::string text, Random& random) {
  constexpr std::string_view kPieces[] = {"[",   "]", "{",   "}",  ": ",   "- ", "? ", "&a ",
                                          "*a",  "!", "|\n", "\"", "'",    "\n", "\t", "#",
                                          "<<:", "%", "~",   "1",  "9999", "-1"};
  for (std::uint64_t edits = 1 + random.below(4); edits > 0 && !text.empty(); --edits) {
    const std::size_t at = random.below(text.size());
    const std::size_t size = random.below(30);
    const std::string piece = text.substr(at, size);
    switch (random.below(4)) {
      case 0:
        text.erase(at, size);
        break;
      case 1:
        text.insert(random.below(text.size()), piece);
        break;
      case 2:
        text.insert(at, kPieces[random.below(std::size(kPieces))]);
        break;
      default:
        text[at] = static_cast<char>(random.below(256));
    }
  }
  return text;
}

std::string repeat(std::string_view piece, std::size_t bytes) {
  std::string text;
  while (text.size() + piece.size() <= bytes) text += piece;
  return text;
}

// What holds for every input: a configuration that can be used, or faults that can be found.
void expect_sound(const std::string& text) {
  const ConfigResult result = parse_config(text, "f.yaml");
  if (result.ok()) {
    EXPECT_FALSE(result.config.services.empty()) << text;
  }
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  for (const ConfigFault& fault : result.faults) {
    EXPECT_FALSE(fault.message.empty()) << text;
    EXPECT_LE(fault.line, lines) << text;
    EXPECT_EQ(fault.line == 0, fault.column == 0) << text;
  }
}

void expect_list_sound(const std::string& text) {
  const TargetList list = parse_target_list(text, 80);
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  EXPECT_LE(list.faults.size(), lines);
  for (const ListFault& fault : list.faults) {
    EXPECT_FALSE(fault.message.empty()) << text;
    EXPECT_GE(fault.line, 1U) << text;
    EXPECT_LE(fault.line, lines) << text;
  }
}

TEST(ConfigFuzzTest, SurvivesRandomBytes) {
  Random random(1);
  for (int i = 0; i < 5000; ++i) expect_sound(random_bytes(random, 200));
}

TEST(ConfigFuzzTest, SurvivesRandomYamlCharacters) {
  Random random(2);
  for (int i = 0; i < 10000; ++i) expect_sound(random_text(random, "[]{}:,-?&*!|>'\"%@#~<. \n\n\tab12", 80));
}

TEST(ConfigFuzzTest, SurvivesMutationsOfTheShippedConfiguration) {
  Random random(3);
  const std::string text = shipped("config.yaml");
  ASSERT_FALSE(text.empty());
  for (int i = 0; i < 500; ++i) expect_sound(mutate(text, random));
}

TEST(ConfigFuzzTest, SurvivesMutationsOfServices) {
  Random random(4);
  const std::string text =
      "server: &s { backlog: 5, listen_addr: [\":1\", \"[::1]:2\"] }\n"
      "remotes: { probing: { interval: \"2s\" }, scoring: { weights: { latency: 0.5 } } }\n"
      "services:\n  - name: a\n    server: *s\n  - { name: b, server: { listen_addr: \"unix:/b\" } }\n";
  for (int i = 0; i < 5000; ++i) expect_sound(mutate(text, random));
}

TEST(ConfigFuzzTest, SurvivesNestingBombs) {
  for (const char* piece :
       {"[",       "{",   "[{", "- ", "? ",  "- - ", "a: {",  "a: [", "[a: ",   "{a: b, ", "!a ", "&a ",
        "&a [*a,", "? [", "\"", "'",  "|\n", "%",    "---\n", "a:\n", "a: b\n", "\n",      "#"}) {
    expect_sound(repeat(piece, 50'000));
    expect_sound("services: " + repeat(piece, 5'000));
  }
  expect_sound(repeat("[", 1'000'000));
  expect_sound(repeat("a: [", 2'000'000));
}

TEST(ConfigFuzzTest, SurvivesAliasBombs) {
  std::string laughs = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 60; ++i) {
    const std::string name = "a" + std::to_string(i);
    const std::string last = "*a" + std::to_string(i - 1);
    laughs.append(name).append(": &").append(name).append(" [").append(last).append(", ").append(last).append(
        "]\n");
  }
  expect_sound(laughs);
  expect_sound("server: &s\n  listen_addr: *s\n");
  expect_sound("services: &s [*s, *s]\n");
  expect_sound("services: [&a { name: a, server: *a }" + repeat(", *a", 100'000) + "]\n");

  std::string block = "server: &s\n";
  for (int i = 0; i < 20'000; ++i) block.append("  k").append(std::to_string(i)).append(": 1\n");
  expect_sound(block + "services: [" + repeat("{ name: a, server: *s },", 5'000) + "]\n");
}

TEST(TargetListFuzzTest, SurvivesRandomBytes) {
  Random random(5);
  for (int i = 0; i < 20000; ++i) expect_list_sound(random_bytes(random, 200));
}

TEST(TargetListFuzzTest, SurvivesRandomAddressCharacters) {
  Random random(6);
  for (int i = 0; i < 20000; ++i) expect_list_sound(random_text(random, "0123456789abcf.:/[]#- \n\r", 100));
}

TEST(TargetListFuzzTest, SurvivesMutationsOfTheShippedList) {
  Random random(7);
  const std::string text = shipped("ip_list.txt");
  ASSERT_FALSE(text.empty());
  for (int i = 0; i < 10000; ++i) expect_list_sound(mutate(text, random));
}

TEST(TargetListFuzzTest, SurvivesLongLines) {
  for (const char* piece : {"1", ".", ":", "[", "a.", "1.2.3.4/", "/", "#", "\n", "\r"}) {
    expect_list_sound(repeat(piece, 200'000));
  }
}

}  // namespace
}  // namespace fwd
