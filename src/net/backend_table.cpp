#include "net/backend_table.h"

namespace fwd {

void BackendTable::Lease::begin_session() {
  in_session_ = true;
  entry_->pool->in_use.add();
  entry_->pool->peak.raise(entry_->pool->in_use.value());
}

void BackendTable::Lease::reset() {
  if (entry_ == nullptr) return;
  if (std::exchange(in_session_, false)) entry_->pool->in_use.subtract();
  std::exchange(table_, nullptr)->release(*std::exchange(entry_, nullptr));
}

void BackendTable::set_active(std::shared_ptr<const ActiveSet> set) {
  for (auto& [key, entry] : entries_) entry.listed = false;
  for (const ActiveMember& member : set->members) {
    Entry& entry = entries_[member.key];
    entry.key = member.key;
    entry.id = member.id;
    entry.load = member.load;
    if (worker_ < member.pools.size()) entry.pool = member.pools[worker_];
    if (entry.pool == nullptr) entry.pool = std::make_shared<PoolCounters>();
    entry.listed = true;
    entry.ejected = member.ejected;
  }
  std::erase_if(entries_, [](const auto& item) { return !item.second.listed && item.second.leases == 0; });
  active_ = std::move(set);
}

const BackendTable::Entry* BackendTable::find(BackendKey key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

BackendTable::Lease BackendTable::lease(BackendKey key) {
  Entry& entry = entries_.at(key);
  ++entry.leases;
  entry.load->begin();
  return {*this, entry};
}

void BackendTable::release(Entry& entry) {
  entry.load->end();
  if (--entry.leases == 0 && !entry.listed) entries_.erase(entry.key);
}

}  // namespace fwd
