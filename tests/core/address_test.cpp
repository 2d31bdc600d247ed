#include "core/address.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <unordered_set>
#include <vector>

namespace fwd {
namespace {

std::string normalised(std::string_view text) {
  const auto ip = parse_ip(text);
  return ip ? to_string(*ip) : "refused";
}

TEST(AddressTest, ReadsIpAndWritesItInTheShortestForm) {
  const struct {
    std::string_view text;
    std::string_view expected;
  } cases[] = {
      {"0.0.0.0", "0.0.0.0"},
      {"192.0.2.1", "192.0.2.1"},
      {"255.255.255.255", "255.255.255.255"},
      {"::", "::"},
      {"::1", "::1"},
      {"1::", "1::"},
      {"2001:DB8::1", "2001:db8::1"},
      {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
      {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
      {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
      // RFC 5952, 4.2: the longest run, the first of equals, and never a single group.
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
      {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"0:0:1:2:3:4:5:6", "::1:2:3:4:5:6"},
      {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
      {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
      {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
      {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
      {"::ffff:c000:201", "::ffff:192.0.2.1"},
      {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
      {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
  };
  for (const auto& c : cases) EXPECT_EQ(normalised(c.text), c.expected) << c.text;
}

TEST(AddressTest, RefusesWhatIsNotExactlyAnIp) {
  for (const std::string_view text : {"",
                                      " ",
                                      "1.2.3",
                                      "1.2.3.4.5",
                                      "1.2.3.256",
                                      "1.2.3.04",
                                      "1.2.3.-4",
                                      "1.2.3.+4",
                                      "1.2.3.",
                                      ".1.2.3",
                                      "1..2.3",
                                      "1.2.3.4 ",
                                      " 1.2.3.4",
                                      "1.2.3.0x4",
                                      "1.2.3.4:80",
                                      "a.b.c.d",
                                      ":",
                                      ":::",
                                      "1",
                                      "1:2",
                                      "1:2:3:4:5:6:7",
                                      "1:2:3:4:5:6:7:8:9",
                                      "1:2:3:4:5:6:7:8::",
                                      "::1:2:3:4:5:6:7:8",
                                      "1::2::3",
                                      "::1:",
                                      ":1::2",
                                      "12345::",
                                      "g::",
                                      "0x1::",
                                      "+1::",
                                      "::1.2.3",
                                      "::1.2.3.4.5",
                                      "1.2.3.4::",
                                      "::1.2.3.4:5",
                                      "1:2:3:4:5:6:7:1.2.3.4",
                                      "[::1]",
                                      "fe80::1%eth0",
                                      "::1/64"}) {
    EXPECT_EQ(normalised(text), "refused") << text;
  }
}

TEST(AddressTest, ReadsPorts) {
  EXPECT_EQ(parse_port("1"), 1);
  EXPECT_EQ(parse_port("65535"), 65535);
  for (const std::string_view text :
       {"", "0", "65536", "4294967377", "080", "+80", "-80", "80 ", " 80", "8o"}) {
    EXPECT_EQ(parse_port(text), std::nullopt) << text;
  }
}

TEST(AddressTest, ReadsDecimalsUpToTheMost) {
  EXPECT_EQ(parse_decimal("0", 32), 0U);
  EXPECT_EQ(parse_decimal("32", 32), 32U);
  EXPECT_EQ(parse_decimal("33", 32), std::nullopt);
  EXPECT_EQ(parse_decimal("00", 32), std::nullopt);
  EXPECT_EQ(parse_decimal("99999999999999999999", 4294967295U), std::nullopt);
}

TEST(AddressTest, WritesEndpointsSoThatThePortStandsApart) {
  EXPECT_EQ(to_string(Endpoint{*parse_ip("192.0.2.1"), 80}), "192.0.2.1:80");
  EXPECT_EQ(to_string(Endpoint{*parse_ip("2001:db8::1"), 65535}), "[2001:db8::1]:65535");
}

TEST(AddressTest, SortsByFamilyThenAddressThenPort) {
  const std::vector<Endpoint> sorted = {
      {*parse_ip("9.0.0.0"), 2}, {*parse_ip("10.0.0.0"), 1}, {*parse_ip("10.0.0.0"), 2},
      {*parse_ip("::"), 1},      {*parse_ip("::1"), 1},
  };
  EXPECT_TRUE(std::is_sorted(sorted.begin(), sorted.end()));
  EXPECT_EQ(std::adjacent_find(sorted.begin(), sorted.end()), sorted.end());
}

TEST(AddressTest, HashTellsNeighboursAndFamiliesApart) {
  std::unordered_set<std::uint64_t> hashes;
  std::size_t count = 0;
  for (const std::string_view ip :
       {"0.0.0.0", "10.0.0.1", "10.0.0.2", "1.0.0.10", "::", "a00:1::", "::1", "1::"}) {
    for (const std::uint16_t port : std::initializer_list<std::uint16_t>{0, 1, 80, 256, 65535}) {
      hashes.insert(stable_hash({*parse_ip(ip), port}));
      ++count;
    }
  }
  EXPECT_EQ(hashes.size(), count);
}

// Forwarders of different versions and machines must agree on it: source_hash depends on that.
TEST(AddressTest, HashNeverChanges) {
  EXPECT_EQ(stable_hash({*parse_ip("192.0.2.1"), 80}), 8127542705748979348U);
  EXPECT_EQ(stable_hash({*parse_ip("2001:db8::1"), 443}), 9129050575538897U);
}

}  // namespace
}  // namespace fwd
