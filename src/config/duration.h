#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace fwd {

// "250us", "500ms", "15s", "10m", "1h", or compound from the larger unit to the smaller: "1m30s". What is too
// long to hold becomes Duration::max(). Nothing when the text is not a duration.
std::optional<Duration> parse_duration(std::string_view text);

// The same form back, in whole microseconds: parse_duration(format_duration(d)) == d.
std::string format_duration(Duration duration);

}  // namespace fwd
