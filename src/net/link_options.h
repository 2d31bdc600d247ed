#pragma once

#include <memory>
#include <optional>

#include "core/backend.h"
#include "core/proxy_header.h"
#include "net/dial.h"

namespace fwd {

// What the links to one backend on one loop have in common where they speak TLS.
struct TlsShared {
  std::shared_ptr<TlsSessions> sessions{};
  std::shared_ptr<HandshakeSlots> slots{};
};

// How the links of a service are opened and kept. A value; any thread.
struct LinkOptions {
  Duration dial_timeout{};
  Duration dial_stagger{};  // a dial that takes longer casts doubt on the backend
  ProxyProtocol proxy = ProxyProtocol::none;
  const TlsClient* tls = nullptr;  // null: plain TCP; outlives every link
  Keepalive keepalive{};

  // A link that waits has done all that does not depend on the client. A PROXY header does, and has to
  // precede the handshake: with both, links wait as plain TCP.
  bool waits_bare() const { return proxy != ProxyProtocol::none; }
  LinkStages ahead(const BackendId& backend, const TlsShared& shared) const;
  // Everything after the connect, for the client of `addresses`; without them the header names nobody.
  LinkStages whole(const BackendId& backend, const TlsShared& shared,
                   const std::optional<ProxyAddresses>& addresses) const;
};

}  // namespace fwd
