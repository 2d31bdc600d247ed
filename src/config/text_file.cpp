#include "config/text_file.h"

#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>

namespace fwd {

Parsed<std::string> read_text(const std::string& path, std::size_t most_bytes) {
  using Result = Parsed<std::string>;
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string text;
  std::array<char, 65536> block{};
  while (in && text.size() <= most_bytes) {
    in.read(block.data(), block.size());
    text.append(block.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (!in.is_open() || in.bad()) {
    return Result::bad("cannot be read: " + std::generic_category().message(errno));
  }
  if (text.size() > most_bytes) {
    return Result::bad("too large; allowed: at most " + std::to_string(most_bytes) + " bytes");
  }
  return Result::ok(std::move(text));
}

}  // namespace fwd
