#include "net/backend_table.h"

namespace fwd {

void BackendTable::set_active(std::shared_ptr<const ActiveSet> set) {
  for (auto& [key, entry] : entries_) entry.listed = false;
  for (const ActiveMember& member : set->members) {
    Entry& entry = entries_[member.key];
    entry.key = member.key;
    entry.id = member.id;
    entry.load = member.load;
    entry.listed = true;
  }
  std::erase_if(entries_, [](const auto& item) { return !item.second.listed && item.second.leases == 0; });
  active_ = std::move(set);
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
