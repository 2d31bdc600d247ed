#include "net/link_pool.h"

#include <algorithm>

namespace fwd {

void LinkPool::members_changed() {
  if (closed_) return;
  std::erase_if(pools_, [this](const auto& item) {
    const BackendTable::Entry* entry = backends_.find(item.first);
    return entry == nullptr || !entry->listed;
  });
  for (const ActiveMember& member : backends_.active().members) {
    auto& pool = pools_[member.key];
    if (pool == nullptr) pool = std::make_unique<BackendPool>(context_, *backends_.find(member.key));
    if (member.ejected) pool->retire_all(RetireReason::left);
  }
}

void LinkPool::set_orders(std::span<const PoolOrder> orders) {
  for (const PoolOrder& order : orders) {
    const auto pool = pools_.find(order.key);
    if (pool != pools_.end()) pool->second->set_wanted(order.idle, order.max_age);
  }
}

bool LinkPool::doubtful(BackendKey key) const {
  const auto pool = pools_.find(key);
  return pool != pools_.end() && pool->second->doubtful(clock_now());
}

std::unique_ptr<Stream> LinkPool::take(BackendKey key) {
  const auto pool = pools_.find(key);
  return pool == pools_.end() ? nullptr : pool->second->take();
}

void LinkPool::adopt(BackendKey key, std::unique_ptr<Dial> dial, TimePoint began) {
  const auto pool = pools_.find(key);
  if (pool != pools_.end()) pool->second->adopt(std::move(dial), began);
}

void LinkPool::reached(BackendKey key) {
  const auto pool = pools_.find(key);
  if (pool != pools_.end()) pool->second->reached();
}

TlsShared LinkPool::shared(BackendKey key) const {
  const auto pool = pools_.find(key);
  return pool == pools_.end() ? TlsShared{} : pool->second->shared();
}

bool LinkPool::give_way() {
  BackendPool* largest = nullptr;
  for (const auto& [key, pool] : pools_) {
    if (largest == nullptr || pool->idle() > largest->idle()) largest = pool.get();
  }
  return largest != nullptr && largest->give_way();
}

void LinkPool::close() {
  closed_ = true;
  pools_.clear();
}

}  // namespace fwd
