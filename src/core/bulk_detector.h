#pragma once

#include <cstddef>
#include <cstdint>

namespace fwd {

// Tells a bulk transfer from small messages by the size of reads. Bulk is moved without copying, in turns,
// after what is small; each way costs more than the other where it is out of place, so it takes several reads
// of one kind in a row to change. Thresholds: docs/performance.md.
class BulkDetector {
 public:
  static constexpr std::size_t kLarge = 32'768;  // a read of bulk has at least so many bytes
  static constexpr std::size_t kSmall = 8'192;   // and one that speaks against it fewer than that
  static constexpr std::uint8_t kToBegin = 2;    // large reads in a row
  static constexpr std::uint8_t kToEnd = 8;      // small reads in a row

  bool bulk() const { return bulk_; }

  // A read brought `bytes`.
  void read(std::size_t bytes) {
    const bool against = bulk_ ? bytes < kSmall : bytes >= kLarge;
    in_a_row_ = against ? static_cast<std::uint8_t>(in_a_row_ + 1) : std::uint8_t{0};
    if (in_a_row_ < (bulk_ ? kToEnd : kToBegin)) return;
    bulk_ = !bulk_;
    in_a_row_ = 0;
  }

 private:
  bool bulk_ = false;
  std::uint8_t in_a_row_ = 0;  // reads that speak for the other kind
};

}  // namespace fwd
