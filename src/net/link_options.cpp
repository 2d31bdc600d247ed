#include "net/link_options.h"

#include <utility>

namespace fwd {

LinkStages LinkOptions::ahead(const BackendId& backend, std::shared_ptr<TlsSessions> sessions) const {
  if (proxy != ProxyProtocol::none) return {};
  return whole(backend, std::move(sessions), std::nullopt);
}

LinkStages LinkOptions::whole(const BackendId& backend, std::shared_ptr<TlsSessions> sessions,
                              const std::optional<ProxyAddresses>& addresses) const {
  LinkStages stages;
  if (tls != nullptr) {
    stages.tls = tls;
    stages.name = tls->name_for(backend.name.empty() ? to_string(backend.endpoint.ip) : backend.name);
    stages.sessions = std::move(sessions);
  }
  if (proxy != ProxyProtocol::none) stages.header = proxy_header(proxy, addresses, stages.name);
  return stages;
}

}  // namespace fwd
