#include "core/candidates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace fwd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

IpAddress ip(std::string_view text) { return *parse_ip(text); }

CandidateList expand(std::string_view text, std::size_t max_candidates,
                     const std::vector<ResolvedHost>& resolved = {}) {
  return expand_candidates(parse_target_list(text, 80), resolved, max_candidates);
}

std::vector<std::string> names(const CandidateList& list) {
  std::vector<std::string> names;
  for (const BackendId& id : list.backends) names.push_back(to_string(id));
  return names;
}

std::uint32_t v4_value(const BackendId& id) {
  const auto& bytes = id.endpoint.ip.bytes;
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 |
         bytes[3];
}

TEST(CandidatesTest, ExpandsRangesToTheirHostAddresses) {
  const struct {
    std::string_view range;
    std::vector<std::string> expected;
  } cases[] = {
      {"10.0.0.8/32", {"10.0.0.8:80"}},
      {"10.0.0.8/31:81", {"10.0.0.8:81", "10.0.0.9:81"}},
      {"10.0.0.8/30", {"10.0.0.9:80", "10.0.0.10:80"}},
      {"10.0.0.8/29",
       {"10.0.0.9:80", "10.0.0.10:80", "10.0.0.11:80", "10.0.0.12:80", "10.0.0.13:80", "10.0.0.14:80"}},
      {"2001:db8::8/128", {"[2001:db8::8]:80"}},
      {"[2001:db8::8/126]:443",
       {"[2001:db8::8]:443", "[2001:db8::9]:443", "[2001:db8::a]:443", "[2001:db8::b]:443"}},
  };
  for (const auto& c : cases) {
    const CandidateList list = expand(c.range, 100);
    EXPECT_EQ(names(list), c.expected) << c.range;
    EXPECT_EQ(list.listed, c.expected.size()) << c.range;
    EXPECT_FALSE(list.sampled) << c.range;
  }
}

TEST(CandidatesTest, CrossesByteBoundariesInARange) {
  const CandidateList list = expand("10.0.254.0/23", 1000);
  ASSERT_EQ(list.backends.size(), 510U);
  EXPECT_EQ(to_string(list.backends.front()), "10.0.254.1:80");
  EXPECT_EQ(to_string(list.backends[255]), "10.0.255.0:80");
  EXPECT_EQ(to_string(list.backends.back()), "10.0.255.254:80");
}

TEST(CandidatesTest, PutsSinglesFirstThenHostsThenRanges) {
  const std::vector<ResolvedHost> resolved = {{{"example.com", 443}, {ip("192.0.2.1"), ip("2001:db8::1")}},
                                              {{"not-resolved.example", 80}, {}}};
  const CandidateList list =
      expand("10.0.0.0/30\nexample.com:443\nnot-resolved.example\n9.9.9.9", 100, resolved);
  EXPECT_THAT(names(list),
              ElementsAre("9.9.9.9:80", "192.0.2.1:443", "[2001:db8::1]:443", "10.0.0.1:80", "10.0.0.2:80"));
  EXPECT_EQ(list.listed, 5U);
}

TEST(CandidatesTest, CollapsesDuplicatesWhereverTheyComeFrom) {
  const std::vector<ResolvedHost> resolved = {{{"a.example", 80}, {ip("10.0.0.1"), ip("10.0.0.2")}}};
  const CandidateList list = expand(
      "10.0.0.1\n10.0.0.1:80\n10.0.0.1:81\n10.0.0.0/29\n10.0.0.5/29\n10.0.0.0/30\na.example", 100, resolved);
  EXPECT_THAT(names(list), ElementsAre("10.0.0.1:80", "10.0.0.1:81", "10.0.0.2:80", "10.0.0.3:80",
                                       "10.0.0.4:80", "10.0.0.5:80", "10.0.0.6:80"));
  EXPECT_EQ(list.listed, 3U + 6U + 6U + 2U + 2U);
  EXPECT_FALSE(list.sampled);
}

TEST(CandidatesTest, ListingARangeTwiceTakesNoPlaceFromTheSample) {
  const CandidateList once = expand("10.0.0.0/8", 64);
  const CandidateList twice = expand("10.0.0.0/8\n10.0.0.0/8", 64);
  EXPECT_EQ(names(once), names(twice));
  EXPECT_EQ(twice.listed, 2 * once.listed);
}

TEST(CandidatesTest, SamplesEvenly) {
  const struct {
    std::string_view range;
    std::size_t max_candidates;
  } cases[] = {{"10.0.0.0/24", 253},  {"10.0.0.0/24", 100}, {"10.0.0.0/24", 2},
               {"10.0.0.0/16", 4096}, {"10.0.0.0/8", 4096}, {"0.0.0.0/0", 1000}};
  for (const auto& c : cases) {
    const CandidateList list = expand(c.range, c.max_candidates);
    ASSERT_EQ(list.backends.size(), c.max_candidates) << c.range;
    EXPECT_TRUE(list.sampled) << c.range;
    std::set<std::uint32_t> gaps;
    for (std::size_t i = 1; i < list.backends.size(); ++i) {
      gaps.insert(v4_value(list.backends[i]) - v4_value(list.backends[i - 1]));
    }
    EXPECT_LE(*gaps.rbegin() - *gaps.begin(), 1U) << c.range << " to " << c.max_candidates;
    EXPECT_GE(*gaps.begin(), 1U) << c.range;
    // The whole range is covered: what is left after the last one is a gap like the others.
    const std::uint64_t after =
        list.listed - (v4_value(list.backends.back()) - v4_value(list.backends.front()));
    EXPECT_LE(after, *gaps.rbegin() + 1U) << c.range;
  }
}

TEST(CandidatesTest, SamplesAcrossRangesByTheirSizes) {
  const CandidateList list = expand("10.0.0.0/24\n10.1.0.0/25\n10.2.0.0/25", 101);
  std::size_t wide = 0;
  for (const BackendId& id : list.backends) wide += id.endpoint.ip.bytes[1] == 0 ? 1 : 0;
  ASSERT_EQ(list.backends.size(), 101U);
  EXPECT_EQ(wide, 51U);  // 254 of 506 addresses
}

TEST(CandidatesTest, SpreadsTheSampleOverAllOfAWideRange) {
  EXPECT_THAT(names(expand("2001:db8::/32", 4)), ElementsAre("[2001:db8::]:80", "[2001:db8:4000::]:80",
                                                             "[2001:db8:8000::]:80", "[2001:db8:c000::]:80"));
  EXPECT_THAT(names(expand("::/0", 4)), ElementsAre("[::]:80", "[4000::]:80", "[8000::]:80", "[c000::]:80"));
  EXPECT_THAT(names(expand("2001:db8::/64", 2)), ElementsAre("[2001:db8::]:80", "[2001:db8:0:0:8000::]:80"));
  EXPECT_THAT(names(expand("2001:db8::/61", 3)),
              ElementsAre("[2001:db8::]:80", "[2001:db8:0:2:aaaa:aaaa:aaaa:aaa0]:80",
                          "[2001:db8:0:5:5555:5555:5555:5540]:80"));
  // Narrow enough to be counted exactly.
  EXPECT_THAT(names(expand("2001:db8::/67", 3)),
              ElementsAre("[2001:db8::]:80", "[2001:db8::aaa:aaaa:aaaa:aaaa]:80",
                          "[2001:db8::1555:5555:5555:5555]:80"));
}

TEST(CandidatesTest, TreatsManyWideRangesAlike) {
  std::string text;
  for (char digit = '0'; digit <= '7'; ++digit) text += std::string("2001:db8:") + digit + "::/48\n";
  const CandidateList list = expand(text, 16);
  ASSERT_EQ(list.backends.size(), 16U);
  for (std::size_t i = 0; i < 16; i += 2) {
    const std::string network = "[2001:db8:" + std::to_string(i / 2);
    EXPECT_EQ(to_string(list.backends[i]), i == 0 ? "[2001:db8::]:80" : network + "::]:80");
    EXPECT_EQ(to_string(list.backends[i + 1]), network + ":8000::]:80");
  }
  EXPECT_EQ(list.listed, 1ULL << 62);
}

TEST(CandidatesTest, SamplesSinglesEvenlyWhenTheyAloneAreTooMany) {
  std::string text = "10.0.0.0/24\n";
  for (int i = 0; i < 10; ++i) text += "1.1.1." + std::to_string(i) + '\n';
  const CandidateList list = expand(text, 4);
  EXPECT_THAT(names(list), ElementsAre("1.1.1.0:80", "1.1.1.2:80", "1.1.1.5:80", "1.1.1.7:80"));
  EXPECT_EQ(list.listed, 264U);
  EXPECT_TRUE(list.sampled);
}

TEST(CandidatesTest, SharesWhatSinglesLeaveAmongTheRanges) {
  const CandidateList list = expand("1.1.1.1\n1.1.1.2\n10.0.0.0/24", 4);
  EXPECT_THAT(names(list), ElementsAre("1.1.1.1:80", "1.1.1.2:80", "10.0.0.1:80", "10.0.0.128:80"));
  EXPECT_TRUE(list.sampled);
}

TEST(CandidatesTest, SaysThatItIsSampledOnlyWhenSomethingIsLeftOut) {
  EXPECT_FALSE(expand("1.1.1.1\n10.0.0.0/30", 3).sampled);
  EXPECT_TRUE(expand("1.1.1.1\n10.0.0.0/30", 2).sampled);
  EXPECT_FALSE(expand("1.1.1.1\n1.1.1.1", 1).sampled);
  EXPECT_TRUE(expand("1.1.1.1\n1.1.1.2", 1).sampled);
  EXPECT_TRUE(expand("1.1.1.1\n10.0.0.0/30", 1).sampled);
}

TEST(CandidatesTest, HasNothingForAnEmptyListOrNoRoom) {
  EXPECT_THAT(expand("", 100).backends, IsEmpty());
  EXPECT_FALSE(expand("", 100).sampled);
  EXPECT_THAT(expand("1.1.1.1\n10.0.0.0/8", 0).backends, IsEmpty());
  EXPECT_TRUE(expand("1.1.1.1\n10.0.0.0/8", 0).sampled);
}

class HostAddressesTest : public ::testing::Test {
 protected:
  void answered(const std::vector<std::string_view>& answer) {
    std::vector<IpAddress> addresses;
    addresses.reserve(answer.size());
    for (const std::string_view text : answer) addresses.push_back(ip(text));
    host_.answered(addresses);
  }
  std::vector<std::string> current() const {
    std::vector<std::string> names;
    for (const IpAddress& address : host_.current()) names.push_back(to_string(address));
    return names;
  }

  HostAddresses host_;
};

TEST_F(HostAddressesTest, TakesNewAddressesAtOnceAndSortsThem) {
  EXPECT_THAT(current(), IsEmpty());
  answered({"::1", "10.0.0.2", "10.0.0.1", "10.0.0.2"});
  EXPECT_THAT(current(), ElementsAre("10.0.0.1", "10.0.0.2", "::1"));
}

TEST_F(HostAddressesTest, DropsAnAddressAfterThreeAnswersWithoutIt) {
  answered({"10.0.0.1", "10.0.0.2"});
  answered({"10.0.0.2"});
  answered({"10.0.0.2"});
  EXPECT_THAT(current(), ElementsAre("10.0.0.1", "10.0.0.2"));
  answered({"10.0.0.2"});
  EXPECT_THAT(current(), ElementsAre("10.0.0.2"));
}

TEST_F(HostAddressesTest, CountsOnlyAnswersInARow) {
  answered({"10.0.0.1"});
  for (int round = 0; round < 5; ++round) {
    answered({});
    answered({});
    answered({"10.0.0.1"});
  }
  EXPECT_THAT(current(), ElementsAre("10.0.0.1"));
  for (int i = 0; i < 3; ++i) answered({});
  EXPECT_THAT(current(), IsEmpty());
}

}  // namespace
}  // namespace fwd
