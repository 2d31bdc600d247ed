#pragma once

#include <string>
#include <vector>

#include "core/time.h"

namespace fwd {

enum class TlsVersion { v1_2, v1_3 };

// How a service speaks TLS to its backends (remotes.tls). Paths are absolute or relative to the working
// directory; empty means not given.
struct TlsOptions {
  bool enabled = false;
  std::string server_name;  // SNI, and the name that is verified; empty: the backend's own name
  bool verify = true;
  std::string ca_file;  // PEM; empty: the system's store
  std::string cert_file;
  std::string key_file;
  std::vector<std::string> alpn;
  TlsVersion min_version = TlsVersion::v1_2;
  Duration handshake_timeout = std::chrono::seconds(2);

  bool operator==(const TlsOptions&) const = default;
};

}  // namespace fwd
