#include "config/faults.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace fwd {
namespace {

constexpr std::size_t kLongestQuote = 80;

auto order(const ConfigFault& fault) { return std::tie(fault.line, fault.column, fault.key, fault.message); }

bool is_utf8_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

std::string_view cut(std::string_view text) {
  if (text.size() <= kLongestQuote) return text;
  std::size_t end = kLongestQuote;
  while (end > 0 && is_utf8_continuation(text[end])) --end;
  return text.substr(0, end);
}

}  // namespace

void Faults::add(Place place, std::string key, std::string message) {
  if (full()) return;
  faults_.push_back({file_, place.line, place.column, std::move(key), std::move(message)});
}

std::vector<ConfigFault> Faults::take() {
  const bool cut_short = full();
  std::sort(faults_.begin(), faults_.end(), [](const auto& a, const auto& b) { return order(a) < order(b); });
  const auto same = [](const auto& a, const auto& b) { return order(a) == order(b); };
  faults_.erase(std::unique(faults_.begin(), faults_.end(), same), faults_.end());
  if (cut_short) faults_.push_back({file_, 0, 0, "", "too many faults; the others are left out"});
  return std::exchange(faults_, {});
}

void Warnings::add(std::string text) {
  if (std::find(texts_.begin(), texts_.end(), text) == texts_.end()) texts_.push_back(std::move(text));
}

std::string printable(std::string_view text) {
  std::string shown(cut(text));
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return shown.size() < text.size() ? shown + "..." : shown;
}

std::string quote(std::string_view text) { return "\"" + printable(text) + "\""; }

std::string to_string(const ConfigFault& fault) {
  std::string text = fault.file;
  if (fault.line > 0) text += ":" + std::to_string(fault.line) + ":" + std::to_string(fault.column);
  if (!fault.key.empty()) text += ": " + fault.key;
  return text + ": " + fault.message;
}

}  // namespace fwd
