#include "core/proxy_header.h"

#include <gtest/gtest.h>

namespace fwd {
namespace {

using namespace std::string_literals;

std::string signature() { return "\x0D\x0A\x0D\x0A\x00\x0D\x0A\x51\x55\x49\x54\x0A"s; }

ProxyAddresses between(std::string_view client, std::uint16_t client_port, std::string_view server,
                       std::uint16_t server_port) {
  return {{*parse_ip(client), client_port}, {*parse_ip(server), server_port}};
}

std::string v1(const std::optional<ProxyAddresses>& addresses, std::string_view authority = {}) {
  return proxy_header(ProxyProtocol::v1, addresses, authority);
}
std::string v2(const std::optional<ProxyAddresses>& addresses, std::string_view authority = {}) {
  return proxy_header(ProxyProtocol::v2, addresses, authority);
}

TEST(ProxyHeaderTest, WritesVersion1) {
  const struct {
    ProxyAddresses addresses;
    std::string_view expected;
  } cases[] = {
      // The examples of the specification.
      {between("192.168.0.1", 56324, "192.168.0.11", 443),
       "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"},
      {between("255.255.255.255", 65535, "255.255.255.255", 65535),
       "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"},
      {between("1.2.3.4", 1234, "5.6.7.8", 80), "PROXY TCP4 1.2.3.4 5.6.7.8 1234 80\r\n"},
      {between("2001:DB8:0:0::1", 1, "::1", 2), "PROXY TCP6 2001:db8::1 ::1 1 2\r\n"},
      {between("::", 1, "2001:db8:0:1:1:1:1:1", 2), "PROXY TCP6 :: 2001:db8:0:1:1:1:1:1 1 2\r\n"},
      {between("1.2.3.4", 1, "2001:db8::1", 2), "PROXY TCP6 ::ffff:1.2.3.4 2001:db8::1 1 2\r\n"},
      {between("2001:db8::1", 1, "1.2.3.4", 2), "PROXY TCP6 2001:db8::1 ::ffff:1.2.3.4 1 2\r\n"},
  };
  for (const auto& c : cases) EXPECT_EQ(v1(c.addresses), c.expected);
}

TEST(ProxyHeaderTest, Version1IsNeverLongerThanTheSpecificationAllows) {
  const std::string_view longest = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
  EXPECT_EQ(v1(between(longest, 65535, longest, 65535)).size(), 104U);
  EXPECT_EQ(v1(between("255.255.255.255", 65535, "255.255.255.255", 65535)).size(), 56U);
}

TEST(ProxyHeaderTest, WritesVersion2) {
  const struct {
    ProxyAddresses addresses;
    std::string after_signature;
  } cases[] = {
      {between("1.2.3.4", 0x1234, "5.6.7.8", 80),
       "\x21\x11\x00\x0C"
       "\x01\x02\x03\x04\x05\x06\x07\x08\x12\x34\x00\x50"s},
      {between("2001:db8::1", 65535, "fe80::ff", 443),
       "\x21\x21\x00\x24"
       "\x20\x01\x0D\xB8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"
       "\xFE\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xFF"
       "\xFF\xFF\x01\xBB"s},
      {between("1.2.3.4", 1, "::1", 2),
       "\x21\x21\x00\x24"
       "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xFF\xFF\x01\x02\x03\x04"
       "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"
       "\x00\x01\x00\x02"s},
      {between("::1", 1, "1.2.3.4", 2),
       "\x21\x21\x00\x24"
       "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"
       "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xFF\xFF\x01\x02\x03\x04"
       "\x00\x01\x00\x02"s},
  };
  for (const auto& c : cases) EXPECT_EQ(v2(c.addresses), signature() + c.after_signature);
}

TEST(ProxyHeaderTest, SaysThatNothingIsKnownWithoutAddresses) {
  EXPECT_EQ(v1(std::nullopt), "PROXY UNKNOWN\r\n");
  EXPECT_EQ(v2(std::nullopt), signature() + "\x20\x00\x00\x00"s);
  EXPECT_EQ(v2(std::nullopt, "example.com"), signature() + "\x20\x00\x00\x00"s)
      << "receivers discard the rest";
}

TEST(ProxyHeaderTest, TellsTheNameAndThatTheClientUsedNoTls) {
  const ProxyAddresses addresses = between("1.2.3.4", 1, "5.6.7.8", 2);
  EXPECT_EQ(v2(addresses, "example.com"), signature() +
                                              "\x21\x11\x00\x22"
                                              "\x01\x02\x03\x04\x05\x06\x07\x08\x00\x01\x00\x02"
                                              "\x02\x00\x0B"
                                              "example.com"
                                              "\x20\x00\x05\x00\x00\x00\x00\x01"s);
  EXPECT_EQ(v1(addresses, "example.com"), v1(addresses));
}

TEST(ProxyHeaderTest, LeavesOutANameThatIsTooLong) {
  const ProxyAddresses addresses = between("1.2.3.4", 1, "5.6.7.8", 2);
  const std::string longest(255, 'a');
  EXPECT_EQ(v2(addresses, longest).substr(28),
            "\x02\x00\xFF"s + longest + "\x20\x00\x05\x00\x00\x00\x00\x01"s);
  EXPECT_EQ(v2(addresses, longest + 'a').substr(28), "\x20\x00\x05\x00\x00\x00\x00\x01"s);
}

// A receiver skips as many bytes as the header says.
TEST(ProxyHeaderTest, SaysTheLengthOfWhatFollows) {
  for (const std::string_view client : {"1.2.3.4", "::1"}) {
    for (const std::size_t name : {0U, 1U, 200U, 255U, 256U, 70'000U}) {
      const std::string header = v2(between(client, 1, client, 2), std::string(name, 'a'));
      const std::size_t length =
          static_cast<unsigned char>(header[14]) * 256U + static_cast<unsigned char>(header[15]);
      EXPECT_EQ(header.size(), 16 + length) << client << ", name of " << name;
    }
  }
}

}  // namespace
}  // namespace fwd
