#include "config/checks.h"
#include "config/tls_files.h"

namespace fwd {
namespace {

const std::string section_prefix = "remotes.tls.";

// A certificate is of no use without its key, nor is a key without its certificate.
void check_pair(const Draft& draft, Faults& faults) {
  const TlsOptions& tls = draft.service.remotes.tls;
  if (tls.cert_file.empty() == tls.key_file.empty()) return;
  const std::string present = section_prefix + (tls.cert_file.empty() ? "key_file" : "cert_file");
  const std::string missing = section_prefix + (tls.cert_file.empty() ? "cert_file" : "key_file");
  const Given* other = draft.find_given(missing);
  if (other != nullptr && other->faulty) return;
  const Given* at = draft.find_given(present);
  faults.add(at->place, at->key, "is given without " + missing + "; allowed: both or neither");
}

}  // namespace

void check_tls(const Draft& draft, Faults& faults, Warnings& warnings) {
  check_pair(draft, faults);
  if (!draft.service.remotes.tls.enabled) return;
  for (const TlsFileFinding& finding : check_tls_files(draft.service.remotes.tls)) {
    const Given* at = draft.find_given(section_prefix + finding.key);
    if (at->faulty) continue;
    if (finding.allowed.empty()) {
      warnings.add(at->key + ": " + finding.wrong);
    } else {
      faults.add(at->place, at->key, finding.wrong + "; allowed: " + finding.allowed);
    }
  }
}

}  // namespace fwd
