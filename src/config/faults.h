#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"

namespace fwd {

// A place in the text, from 1. The default stands for the whole file.
struct Place {
  std::size_t line = 0;
  std::size_t column = 0;

  auto operator<=>(const Place&) const = default;
};

// Collects the faults of one file, as many as anybody would read.
class Faults {
 public:
  explicit Faults(std::string file) : file_(std::move(file)) {}

  void add(Place place, std::string key, std::string message);
  // Further faults are left out, which the last one says.
  bool full() const { return faults_.size() >= kMost; }
  // In the order of the text. A fault that several services inherit is there once.
  std::vector<ConfigFault> take();

 private:
  static constexpr std::size_t kMost = 1000;

  std::string file_;
  std::vector<ConfigFault> faults_;
};

// Collects what is worth a line though nothing is wrong; each text once.
class Warnings {
 public:
  void add(std::string text);
  std::vector<std::string> take() { return std::move(texts_); }

 private:
  std::vector<std::string> texts_;
};

// Text of the user as a message shows it: on one line, cut when long. quote() adds double quotes.
std::string printable(std::string_view text);
std::string quote(std::string_view text);

}  // namespace fwd
