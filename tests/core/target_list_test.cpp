#include "core/target_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fwd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint16_t kDefaultPort = 80;

std::string network_of(const AddressRange& range) {
  return to_string(range.first) + '/' + std::to_string(range.prefix) + ' ' + std::to_string(range.port);
}

// Every entry as one word, and every fault as "line:column".
std::vector<std::string> read(std::string_view text) {
  const TargetList list = parse_target_list(text, kDefaultPort);
  std::vector<std::string> words;
  for (const Endpoint& endpoint : list.endpoints) words.push_back(to_string(endpoint));
  for (const AddressRange& range : list.ranges) words.push_back(network_of(range));
  for (const HostTarget& host : list.hosts) words.push_back(host.host + ' ' + std::to_string(host.port));
  for (const ListFault& fault : list.faults) {
    words.push_back(std::to_string(fault.line) + ':' + std::to_string(fault.column));
  }
  return words;
}

TEST(TargetListTest, ReadsEveryForm) {
  const struct {
    std::string_view line;
    std::string_view expected;
  } cases[] = {
      {"1.2.3.4", "1.2.3.4:80"},
      {"1.2.3.4:8080", "1.2.3.4:8080"},
      {"2001:db8::1", "[2001:db8::1]:80"},
      {"[2001:db8::1]", "[2001:db8::1]:80"},
      {"[2001:db8::1]:8080", "[2001:db8::1]:8080"},
      {"1:2:3:4:5:6:7:8080", "[1:2:3:4:5:6:7:8080]:80"},
      {"2001:db8::1:cafe", "[2001:db8::1:cafe]:80"},
      {"[2001:db8::1:8080]", "[2001:db8::1:8080]:80"},
      {"::ffff:192.0.2.1", "[::ffff:192.0.2.1]:80"},
      {"10.0.0.0/24", "10.0.0.0/24 80"},
      {"10.0.0.0/24:8080", "10.0.0.0/24 8080"},
      {"2001:db8::/120", "2001:db8::/120 80"},
      {"[2001:db8::/120]", "2001:db8::/120 80"},
      {"[2001:db8::/120]:443", "2001:db8::/120 443"},
      {"0.0.0.0/0", "0.0.0.0/0 80"},
      {"10.0.0.1/32", "10.0.0.1/32 80"},
      {"::1/128", "::1/128 80"},
      {"localhost", "localhost 80"},
      {"example.com:8080", "example.com 8080"},
      {"Example.COM.", "example.com 80"},
      {"example.com.:443", "example.com 443"},
      {"3com.com", "3com.com 80"},
      {"a-1.xn--p1ai", "a-1.xn--p1ai 80"},
      {"1.2.3.4a", "1.2.3.4a 80"},
  };
  for (const auto& c : cases) EXPECT_THAT(read(c.line), ElementsAre(std::string(c.expected))) << c.line;
}

TEST(TargetListTest, TakesARangeByAnyOfItsAddresses) {
  EXPECT_THAT(read("10.0.0.5/24"), ElementsAre("10.0.0.0/24 80"));
  EXPECT_THAT(read("10.0.255.255/20"), ElementsAre("10.0.240.0/20 80"));
  EXPECT_THAT(read("255.255.255.255/1"), ElementsAre("128.0.0.0/1 80"));
  EXPECT_THAT(read("2001:db8:ffff::1/33"), ElementsAre("2001:db8:8000::/33 80"));
  EXPECT_THAT(read("::ff/127"), ElementsAre("::fe/127 80"));
}

TEST(TargetListTest, IgnoresCommentsBlanksLineEndsAndByteOrderMark) {
  EXPECT_THAT(read("\xef\xbb\xbf# hello\r\n\r\n \t\r\n  1.2.3.4 # one 5.6.7.8\r\n\texample.com#two\r\n::1"),
              ElementsAre("1.2.3.4:80", "[::1]:80", "example.com 80"));
  EXPECT_THAT(read(""), IsEmpty());
  EXPECT_THAT(read("\xef\xbb\xbf"), IsEmpty());
  EXPECT_THAT(read("\n\n#\n"), IsEmpty());
  EXPECT_THAT(read("\xef\xbb\xbf"
                   "1.2.3.4:0"),
              ElementsAre("1:9"));
}

TEST(TargetListTest, KeepsTheOrderAndTheDuplicates) {
  EXPECT_THAT(read("2.2.2.2\n1.1.1.1\n2.2.2.2"), ElementsAre("2.2.2.2:80", "1.1.1.1:80", "2.2.2.2:80"));
}

TEST(TargetListTest, SaysWhatIsWrongWhereAndWhatWouldBeRight) {
  const struct {
    std::string line;
    std::size_t column;
    std::string_view message;
  } cases[] = {
      {"1.2.3.4:0", 9, "\"0\" is not a port; write a number from 1 to 65535"},
      {"1.2.3.4:70000", 9, "\"70000\" is not a port"},
      {"1.2.3.4:", 9, "leave out the ':' for the default port"},
      {"1.2.3.4:080", 9, "\"080\" is not a port"},
      {"[::1]:x", 7, "\"x\" is not a port"},
      {"10.0.0.0/24:0", 13, "\"0\" is not a port"},
      {"10.0.0.0/33", 10, "\"33\" is not a prefix length; write a number from 0 to 32 for IPv4"},
      {"10.0.0.0/", 10, "from 0 to 32"},
      {"10.0.0.0/024", 10, "from 0 to 32"},
      {"10.0.0.0/255.0.0.0", 10, "from 0 to 32"},
      {"[2001:db8::/129]:443", 13, "from 0 to 128 for IPv6"},
      {"2001:db8::/x", 12, "from 0 to 128 for IPv6"},
      {"2001:db8::/64:443", 1, "needs brackets; write [2001:db8::/120]:443"},
      {"10.0.0.0:8080/24", 1, "a range is written 10.0.0.0/24, 10.0.0.0/24:8080"},
      {"example.com/24", 1, "\"example.com\" is not an IP address"},
      {"[2001:db8::1:8080", 1, "the bracket is not closed; write [2001:db8::1]:8080"},
      {"[2001:db8::1]8080", 14, "only a port may follow ']'"},
      {"[2001:db8::]/64", 13, "only a port may follow ']'"},
      {"[1.2.3.4]:80", 2, "brackets are for IPv6 only"},
      {"[]:80", 2, "\"\" is not an IPv6 address"},
      {"1:2:3:4:5:6:7:8:8080", 1, "needs brackets; write [1:2:3:4:5:6:7:8]:8080"},
      {"2001:db8::1:80800", 1, "write 2001:db8::1, [2001:db8::1]:8080 or example.com:8080"},
      {"1.2.3.4:80:90", 1, "is neither an IPv6 address nor host:port"},
      {"2001:db8::g", 1, "is neither an IPv6 address nor host:port"},
      {"fe80::1%eth0", 8, "zone identifiers are not supported; write the address without \"%eth0\""},
      {"[fe80::1%2]:80", 9, "zone identifiers are not supported"},
      {"1.2.3.400", 1, "\"1.2.3.400\" is not an IPv4 address; write four numbers from 0 to 255"},
      {"1.2.3", 1, "is not an IPv4 address"},
      {"1.2.3.4.5:80", 1, "is not an IPv4 address"},
      {"010.0.0.1", 1, "without leading zeros"},
      {"1.2.3.4.", 1, "is not an IPv4 address"},
      {"12345", 1, "is not an IPv4 address"},
      {"example.123", 1, "is not an IPv4 address"},
      {"0x7f000001", 1, "is not an IPv4 address"},
      {":8080", 1, "the address is missing"},
      {".", 1, "no empty labels"},
      {"www..example.com", 5, "no empty labels"},
      {".example.com", 1, "no empty labels"},
      {"example.com..", 13, "no empty labels"},
      {"www.-a.com", 5, "\"-a\" is not part of a host name; use letters, digits and inner hyphens"},
      {"www.a-.com", 5, "\"a-\" is not part of a host name"},
      {"my_host", 1, "\"my_host\" is not part of a host name"},
      {"b\xc3\xbc"
       "cher.example",
       1, "\"b??cher\" is not part of a host name"},
      {"www." + std::string(64, 'a') + ".com", 5, "at most 63 characters"},
      {"http://example.com:80", 1, "is a URL; write the host and the port only"},
      {"1.2.3.4 5.6.7.8", 9, "one entry a line; put \"5.6.7.8\" on its own"},
      {"  1.2.3.4\t\tfast one # x", 12, "put \"fast one\" on its own, or a '#' before it"},
      {"   1.2.3.4:0", 12, "is not a port"},
  };
  for (const auto& c : cases) {
    const TargetList list = parse_target_list("\n" + c.line + "\n", kDefaultPort);
    ASSERT_EQ(list.faults.size(), 1U) << c.line;
    EXPECT_TRUE(list.empty()) << c.line;
    EXPECT_EQ(list.faults[0].line, 2U) << c.line;
    EXPECT_EQ(list.faults[0].column, c.column) << c.line << ": " << list.faults[0].message;
    EXPECT_THAT(list.faults[0].message, HasSubstr(c.message)) << c.line;
  }
}

TEST(TargetListTest, KeepsTheGoodLinesAroundABadOne) {
  EXPECT_THAT(read("1.2.3.4\nbad_one\n5.6.7.8\n:1\n"), ElementsAre("1.2.3.4:80", "5.6.7.8:80", "2:1", "4:1"));
}

TEST(TargetListTest, BoundsTheLengthOfAHostName) {
  std::string longest;
  while (longest.size() < 250) longest += "a.";
  longest += "com";
  ASSERT_EQ(longest.size(), 253U);
  EXPECT_THAT(read(longest), ElementsAre(longest + " 80"));
  EXPECT_THAT(read(longest + '.'), ElementsAre(longest + " 80"));
  EXPECT_THAT(read(longest + 'm'), ElementsAre("1:1"));
  EXPECT_THAT(read(std::string(63, 'a') + ".com"), ElementsAre(std::string(63, 'a') + ".com 80"));
}

TEST(TargetListTest, KeepsMessagesShortAndPrintable) {
  const std::string nines(100'000, '9');
  for (const std::string& line : {std::string(100'000, '\x1b'), nines, "::1:" + nines, "1.2.3.4:" + nines,
                                  "1.2.3.4/" + nines, '[' + nines + ']', "fe80::1%" + nines, "a " + nines}) {
    const TargetList list = parse_target_list(line, kDefaultPort);
    ASSERT_EQ(list.faults.size(), 1U);
    EXPECT_LT(list.faults[0].message.size(), 250U);
    EXPECT_EQ(list.faults[0].message.find('\x1b'), std::string::npos);
  }
}

TEST(TargetListTest, CountsTheHostAddressesOfARange) {
  const struct {
    std::string_view range;
    std::uint64_t size;
  } cases[] = {
      {"10.0.0.0/32", 1},
      {"10.0.0.0/31", 2},
      {"10.0.0.0/30", 2},
      {"10.0.0.0/24", 254},
      {"10.0.0.0/8", 16777214},
      {"0.0.0.0/0", 4294967294},
      {"2001:db8::/128", 1},
      {"2001:db8::/127", 2},
      {"2001:db8::/120", 256},
      {"2001:db8::/67", 1ULL << 61},
      {"2001:db8::/66", 1ULL << 62},
      {"2001:db8::/65", 1ULL << 62},
      {"::/0", 1ULL << 62},
  };
  for (const auto& c : cases) {
    const TargetList list = parse_target_list(c.range, kDefaultPort);
    ASSERT_EQ(list.ranges.size(), 1U) << c.range;
    EXPECT_EQ(list.ranges[0].size(), c.size) << c.range;
  }
}

}  // namespace
}  // namespace fwd
