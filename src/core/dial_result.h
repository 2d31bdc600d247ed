#pragma once

#include <cstddef>
#include <string_view>

namespace fwd {

// Why a connection to a backend could not be opened. `local` is a fault of this machine (no descriptor, no
// free port, no memory for buffers): it says nothing about the backend and never counts against it.
enum class DialError { refused, timeout, unreachable, reset, other, local };

inline constexpr std::size_t kDialErrorCount = 6;

// The label value in metrics and logs.
constexpr std::string_view to_string(DialError error) {
  switch (error) {
    case DialError::refused:
      return "refused";
    case DialError::timeout:
      return "timeout";
    case DialError::unreachable:
      return "unreachable";
    case DialError::reset:
      return "reset";
    case DialError::other:
      return "other";
    case DialError::local:
      return "local";
  }
  return "other";
}

}  // namespace fwd
