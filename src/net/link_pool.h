#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <unordered_map>

#include "net/backend_pool.h"

namespace fwd {

// How many idle links a worker is to keep to one backend, and for how long.
struct PoolOrder {
  BackendKey key = 0;
  std::size_t idle = 0;
  Duration max_age{};

  bool operator==(const PoolOrder&) const = default;
};

// The idle links of one service on one worker: a BackendPool for each member of the active set. The pool of a
// backend that leaves it, or is ejected, is closed at once. Loop thread only.
class LinkPool {
 public:
  LinkPool(PoolContext context, const BackendTable& backends)
      : context_(std::move(context)), backends_(backends) {}

  const LinkOptions& options() const { return context_.options; }

  // After the active set has changed.
  void members_changed();
  // Orders for backends that are no members are ignored; a pool without an order keeps its last.
  void set_orders(std::span<const PoolOrder> orders);
  // Whether the backend is better passed over while another can be had (BackendPool::doubtful).
  bool doubtful(BackendKey key) const;
  // A link that waits for a session, and is alive; null when there is none. A doubtful one is given too.
  std::unique_ptr<Stream> take(BackendKey key);
  // See BackendPool.
  void adopt(BackendKey key, std::unique_ptr<Dial> dial, TimePoint began);
  // A client's own dial reached the backend: what was said against it is over.
  void reached(BackendKey key);
  // Empty when the backend is no member any more.
  TlsShared shared(BackendKey key) const;
  // Gives up an idle link for the sake of a session, from the pool that has most. False when there is none.
  bool give_way();
  // Closes every link and opens no more.
  void close();

  // Links and dials of all pools.
  std::size_t size() const { return context_.links; }

 private:
  PoolContext context_;
  const BackendTable& backends_;
  std::unordered_map<BackendKey, std::unique_ptr<BackendPool>> pools_;
  bool closed_ = false;
};

}  // namespace fwd
