#include "net/link_options.h"

namespace fwd {

LinkStages LinkOptions::ahead(const BackendId& backend, const TlsShared& shared) const {
  return waits_bare() ? LinkStages{} : whole(backend, shared, std::nullopt);
}

LinkStages LinkOptions::whole(const BackendId& backend, const TlsShared& shared,
                              const std::optional<ProxyAddresses>& addresses) const {
  LinkStages stages;
  if (tls != nullptr) {
    stages.tls = tls;
    stages.name = tls->name_for(backend.name.empty() ? to_string(backend.endpoint.ip) : backend.name);
    stages.sessions = shared.sessions;
    stages.slots = shared.slots;
    stages.handshake_timeout = tls->options().handshake_timeout;
  }
  if (proxy != ProxyProtocol::none) stages.header = proxy_header(proxy, addresses, stages.name);
  return stages;
}

}  // namespace fwd
