#pragma once

#include <chrono>

namespace fwd {

// Monotonic time. Core never asks a clock: every function that needs the time takes it as a parameter.
using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::nanoseconds;

// Scores are worked out in floating-point milliseconds.
inline double to_milliseconds(Duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

}  // namespace fwd
