#pragma once

#include <cstddef>
#include <string>

#include "config/parsed.h"

namespace fwd {

// The whole of a file, or why there is none: "cannot be read: No such file or directory".
Parsed<std::string> read_text(const std::string& path, std::size_t most_bytes);

}  // namespace fwd
