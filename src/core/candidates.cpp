#include "core/candidates.h"

#include <algorithm>
#include <bit>
#include <unordered_set>

namespace fwd {
namespace {

constexpr std::uint64_t kMostListed = std::uint64_t{1} << 62;
constexpr int kAnswersWithout = 3;

using Seen = std::unordered_set<BackendId, BackendIdHash>;

// The k-th of `count` positions spread evenly over [0, total), that is k * total / count without overflow.
std::uint64_t even_position(std::uint64_t k, std::uint64_t count, std::uint64_t total) {
  return total / count * k + total % count * k / count;
}

// Ranges laid end to end. A range of more than 2^bits addresses counts as 2^bits of them, equally spaced;
// `bits` is the most that lets the sum of all ranges fit 64 bits.
class Concatenation {
 public:
  explicit Concatenation(std::vector<AddressRange> ranges) : ranges_(std::move(ranges)) {
    std::sort(ranges_.begin(), ranges_.end());
    ranges_.erase(std::unique(ranges_.begin(), ranges_.end()), ranges_.end());
    bits_ = 63 - static_cast<int>(std::bit_width(ranges_.size()));
    for (const AddressRange& range : ranges_) total_ += counted(range);
  }

  std::uint64_t total() const { return total_; }

  // Calls use(BackendId) for `count` addresses, at most total(), in order.
  template <typename Use>
  void sample(std::uint64_t count, Use use) const {
    std::size_t range = 0;
    std::uint64_t before = 0;
    for (std::uint64_t k = 0; k < count; ++k) {
      const std::uint64_t position = even_position(k, count, total_);
      while (position - before >= counted(ranges_[range])) before += counted(ranges_[range++]);
      use(BackendId{{address(ranges_[range], position - before), ranges_[range].port}});
    }
  }

 private:
  std::uint64_t counted(const AddressRange& range) const {
    return std::min(range.size(), std::uint64_t{1} << bits_);
  }

  // Bits are set byte by byte, since not every machine has 128-bit integers; host bits of `first` are clear.
  IpAddress address(const AddressRange& range, std::uint64_t n) const {
    IpAddress ip = range.first;
    if (!ip.v6 && range.host_bits() >= 2) ++n;  // past the network address
    const int shift = std::max(0, range.host_bits() - bits_);
    const int last = ip.v6 ? 15 : 3;
    for (int bit = shift / 8 * 8; bit < range.host_bits() && bit - shift < 64; bit += 8) {
      const std::uint64_t value = bit < shift ? n << (shift - bit) : n >> (bit - shift);
      ip.bytes[static_cast<std::size_t>(last - bit / 8)] |= static_cast<std::uint8_t>(value);
    }
    return ip;
  }

  std::vector<AddressRange> ranges_;
  int bits_ = 0;
  std::uint64_t total_ = 0;
};

std::vector<BackendId> single_addresses(const TargetList& list, std::span<const ResolvedHost> resolved) {
  std::vector<BackendId> singles;
  for (const Endpoint& endpoint : list.endpoints) singles.push_back({endpoint});
  for (const ResolvedHost& host : resolved) {
    for (const IpAddress& ip : host.addresses) singles.push_back({{ip, host.host.port}, host.name});
  }
  return singles;
}

std::uint64_t count_listed(std::size_t singles, const std::vector<AddressRange>& ranges) {
  std::uint64_t listed = singles;
  for (const AddressRange& range : ranges) listed = std::min(listed + range.size(), kMostListed);
  return listed;
}

}  // namespace

CandidateList expand_candidates(const TargetList& list, std::span<const ResolvedHost> resolved,
                                std::size_t max_candidates) {
  std::vector<BackendId> singles = single_addresses(list, resolved);
  CandidateList result;
  result.listed = count_listed(singles.size(), list.ranges);

  Seen seen;
  std::erase_if(singles, [&seen](const BackendId& id) { return !seen.insert(id).second; });
  const std::size_t kept = std::min(singles.size(), max_candidates);
  for (std::size_t k = 0; k < kept; ++k) {
    result.backends.push_back(singles[static_cast<std::size_t>(even_position(k, kept, singles.size()))]);
  }

  const Concatenation ranges(list.ranges);
  const std::uint64_t room = std::min<std::uint64_t>(ranges.total(), max_candidates - kept);
  ranges.sample(room, [&](const BackendId& id) {
    if (seen.insert(id).second) result.backends.push_back(id);
  });
  result.sampled = kept < singles.size() || room < ranges.total();
  return result;
}

void HostAddresses::answered(std::span<const IpAddress> addresses) {
  for (auto& [address, missed] : missed_) ++missed;
  for (const IpAddress& address : addresses) missed_[address] = 0;
  std::erase_if(missed_, [](const auto& entry) { return entry.second >= kAnswersWithout; });
}

std::vector<IpAddress> HostAddresses::current() const {
  std::vector<IpAddress> addresses;
  for (const auto& [address, missed] : missed_) addresses.push_back(address);
  return addresses;
}

}  // namespace fwd
