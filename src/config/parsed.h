#pragma once

#include <optional>
#include <string>
#include <utility>

namespace fwd {

// A value read from text, or what is wrong with the text ("has no port").
template <class T>
struct Parsed {
  std::optional<T> value;
  std::string wrong;

  static Parsed ok(T read) { return {std::move(read), {}}; }
  static Parsed bad(std::string what) { return {std::nullopt, std::move(what)}; }
};

}  // namespace fwd
