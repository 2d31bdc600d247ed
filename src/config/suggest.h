#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fwd {

// The known word that was most probably meant: the nearest by edits (insert, delete, replace, swap two
// neighbours), when it takes few enough of them.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace fwd
