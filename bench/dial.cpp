#include "dial.h"

#include <arpa/inet.h>

namespace fwd::bench {

Link dial(const Options& options, std::uint64_t number, const Tls* tls) {
  in_addr source{};
  if (options.sources > 0) {
    source.s_addr = htonl(0x7F000002u + static_cast<unsigned>(number % options.sources));
  }
  return Link(start_connect(options.addresses[number % options.addresses.size()], source), tls);
}

}  // namespace fwd::bench
