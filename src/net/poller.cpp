#include "net/poller.h"

#include <sys/epoll.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace fwd {
namespace {

constexpr std::uint32_t kReadEvents = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
constexpr std::uint32_t kWriteEvents = EPOLLOUT | EPOLLHUP | EPOLLERR;

std::uint64_t pack(std::uint32_t slot, std::uint32_t generation) {
  return static_cast<std::uint64_t>(generation) << 32 | slot;
}

}  // namespace

Descriptor::~Descriptor() { poller_.remove(*this); }

bool Descriptor::watch() { return poller_.add(*this); }

void Descriptor::unwatch() {
  if (slot_ == kUnwatched) return;
  ::epoll_ctl(poller_.epoll_.get(), EPOLL_CTL_DEL, fd_.get(), nullptr);
  poller_.remove(*this);
}

void Descriptor::call_again() { poller_.enqueue(*this); }

void Descriptor::rearm() { poller_.control(EPOLL_CTL_MOD, *this, slot_); }

Poller::Poller(Loop& loop)
    : loop_(loop),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      poll_(this, [this, &loop](uv_poll_t* poll) { return uv_poll_init(loop.uv(), poll, epoll_.get()); }),
      idle_(this, [&loop](uv_idle_t* idle) { return uv_idle_init(loop.uv(), idle); }) {
  if (!epoll_ || !poll_) {
    std::fputs("tcp-forwarder: the system gives no epoll descriptor\n", stderr);
    std::abort();
  }
  uv_poll_start(poll_.get(), UV_READABLE, [](uv_poll_t* poll, int, int) {
    if (Poller* self = Handle<uv_poll_t, Poller>::owner(poll)) self->dispatch();
  });
}

bool Poller::control(int operation, const Descriptor& descriptor, std::uint32_t slot) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = pack(slot, slots_[slot].generation);
  return ::epoll_ctl(epoll_.get(), operation, descriptor.fd(), &event) == 0;
}

bool Poller::add(Descriptor& descriptor) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t slot = free_slots_.back();
  if (!control(EPOLL_CTL_ADD, descriptor, slot)) return false;
  free_slots_.pop_back();
  slots_[slot].descriptor = &descriptor;
  descriptor.slot_ = slot;
  return true;
}

void Poller::remove(Descriptor& descriptor) {
  if (descriptor.slot_ == Descriptor::kUnwatched) return;
  Slot& slot = slots_[descriptor.slot_];
  slot.descriptor = nullptr;
  ++slot.generation;
  free_slots_.push_back(descriptor.slot_);
  descriptor.slot_ = Descriptor::kUnwatched;
  descriptor.queued_ = false;
}

void Poller::enqueue(Descriptor& descriptor) {
  if (descriptor.queued_ || descriptor.slot_ == Descriptor::kUnwatched) return;
  descriptor.queued_ = true;
  ready_.push_back(pack(descriptor.slot_, slots_[descriptor.slot_].generation));
  uv_idle_start(idle_.get(), [](uv_idle_t* idle) {
    if (Poller* self = Handle<uv_idle_t, Poller>::owner(idle)) self->run_ready();
  });
}

void Poller::dispatch() {
  std::array<epoll_event, 256> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
  loop_.update_now();
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    const Slot& slot = slots_[static_cast<std::uint32_t>(event.data.u64)];
    if (slot.descriptor == nullptr || slot.generation != event.data.u64 >> 32) continue;
    Descriptor& descriptor = *slot.descriptor;
    if ((event.events & kReadEvents) != 0) descriptor.readable_ = true;
    if ((event.events & kWriteEvents) != 0) descriptor.writable_ = true;
    if ((event.events & (EPOLLRDHUP | EPOLLHUP)) != 0) descriptor.hung_up_ = true;
    if ((event.events & EPOLLERR) != 0) descriptor.failed_ = true;
    if ((event.events & EPOLLPRI) != 0) descriptor.urgent_ = true;
    descriptor.owner_->on_ready(descriptor);
  }
}

void Poller::run_ready() {
  loop_.update_now();
  // Only those that were waiting when the pass began: what queues itself again gets the next pass.
  for (std::size_t left = ready_.size(); left > 0; --left) {
    const std::uint64_t entry = ready_.front();
    ready_.pop_front();
    const Slot& slot = slots_[static_cast<std::uint32_t>(entry)];
    if (slot.descriptor == nullptr || slot.generation != entry >> 32) continue;
    slot.descriptor->queued_ = false;
    slot.descriptor->owner_->on_ready(*slot.descriptor);
  }
  if (ready_.empty()) uv_idle_stop(idle_.get());
}

}  // namespace fwd
