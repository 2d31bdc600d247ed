#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>

#include "core/active_set.h"

namespace fwd {

// The worker-local side of the backends in use: sessions hold a Lease on an entry, so that the shared count
// of owners is touched once when a backend appears and once when it goes, never for each session. One a
// service and worker; loop thread only; must outlive its leases.
class BackendTable {
 public:
  struct Entry {
    BackendKey key = 0;
    BackendId id;
    std::shared_ptr<BackendLoad> load;
    std::shared_ptr<PoolCounters> pool;  // never null
    std::uint32_t leases = 0;
    bool listed = false;   // in the present active set
    bool ejected = false;  // as ActiveMember says
  };

  // Counts as load of the backend from construction to destruction: a dial in progress, then a session.
  class Lease {
   public:
    Lease() = default;
    ~Lease() { reset(); }
    Lease(Lease&& other) noexcept
        : table_(std::exchange(other.table_, nullptr)),
          entry_(std::exchange(other.entry_, nullptr)),
          in_session_(std::exchange(other.in_session_, false)) {}
    Lease& operator=(Lease&& other) noexcept {
      if (this != &other) {
        reset();
        table_ = std::exchange(other.table_, nullptr);
        entry_ = std::exchange(other.entry_, nullptr);
        in_session_ = std::exchange(other.in_session_, false);
      }
      return *this;
    }

    const Entry& backend() const { return *entry_; }
    // From now on a session uses a link of the backend.
    void begin_session();
    void reset();

   private:
    friend class BackendTable;
    Lease(BackendTable& table, Entry& entry) : table_(&table), entry_(&entry) {}

    BackendTable* table_ = nullptr;
    Entry* entry_ = nullptr;
    bool in_session_ = false;
  };

  // `worker`: whose pool counters to use.
  explicit BackendTable(std::size_t worker = 0) : worker_(worker) {}

  void set_active(std::shared_ptr<const ActiveSet> set);
  const ActiveSet& active() const { return *active_; }
  // Null when it is neither in the active set nor leased.
  const Entry* find(BackendKey key) const;

  // `key` is one of active().
  Lease lease(BackendKey key);

 private:
  void release(Entry& entry);

  std::size_t worker_;
  std::shared_ptr<const ActiveSet> active_ = std::make_shared<ActiveSet>();
  std::unordered_map<BackendKey, Entry> entries_;
};

}  // namespace fwd
