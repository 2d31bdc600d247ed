#pragma once

#include <string>
#include <vector>

#include "core/tls_options.h"

namespace fwd {

// Something about a file of remotes.tls. With nothing allowed instead it is a warning, else a fault.
struct TlsFileFinding {
  std::string key;  // "ca_file", "cert_file", "key_file"
  std::string wrong;
  std::string allowed;
};

// Reads and parses the files that are given, in PEM. Certificate and key are held against each other when
// both can be used. Never asks for a passphrase.
std::vector<TlsFileFinding> check_tls_files(const TlsOptions& options);

}  // namespace fwd
