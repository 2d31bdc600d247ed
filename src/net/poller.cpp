#include "net/poller.h"

#include <sys/epoll.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "net/deadlines.h"

namespace fwd {
namespace {

constexpr std::uint32_t kInput = EPOLLIN | EPOLLPRI | EPOLLRDHUP;
constexpr std::uint32_t kReadEvents = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
constexpr std::uint32_t kWriteEvents = EPOLLOUT | EPOLLHUP | EPOLLERR;
constexpr std::uint64_t kLibuv = static_cast<std::uint64_t>(-1);

// Turns of a pass stop after this long, so that events are looked for in time.
constexpr Duration kTurnsTime = std::chrono::microseconds(50);

std::uint64_t pack(std::uint32_t slot, std::uint32_t generation) {
  return static_cast<std::uint64_t>(generation) << 32 | slot;
}

}  // namespace

Descriptor::~Descriptor() { poller_.remove(*this); }

bool Descriptor::watch() {
  poller_.assign_slot(*this);
  if (poller_.control(EPOLL_CTL_ADD, *this)) return true;
  poller_.remove(*this);
  return false;
}

void Descriptor::watch_later() {
  poller_.assign_slot(*this);
  poller_.new_.push_back(pack(slot_, poller_.slots_[slot_].generation));
}

void Descriptor::unwatch() {
  if (registered_) ::epoll_ctl(poller_.epoll_.get(), EPOLL_CTL_DEL, fd_.get(), nullptr);
  poller_.remove(*this);
}

void Descriptor::call_again() { poller_.enqueue(*this); }

void Descriptor::rearm() {
  output_ = true;
  if (registered_) poller_.control(EPOLL_CTL_MOD, *this);
}

void Descriptor::clear_readable() {
  readable_ = false;
  if (input_) return;
  input_ = true;
  if (registered_) poller_.control(EPOLL_CTL_MOD, *this);
}

void Descriptor::clear_writable() {
  writable_ = false;
  if (!output_) rearm();
}

void Descriptor::pause_input() {
  readable_ = true;
  if (!input_ || !registered_) return;
  input_ = false;
  output_ = !writable_;  // else the change itself would make an event
  poller_.control(EPOLL_CTL_MOD, *this);
}

Poller::Poller(Loop& loop) : loop_(loop), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kLibuv;
  if (!epoll_ || ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, uv_backend_fd(loop.uv()), &event) != 0) {
    std::fputs("tcp-forwarder: the system gives no epoll descriptor\n", stderr);
    std::abort();
  }
  loop.set_poller(this);
}

void Poller::assign_slot(Descriptor& descriptor) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  descriptor.slot_ = free_slots_.back();
  free_slots_.pop_back();
  slots_[descriptor.slot_].descriptor = &descriptor;
}

bool Poller::control(int operation, Descriptor& descriptor) {
  epoll_event event{};
  event.events = (descriptor.input_ ? kInput : 0U) | (descriptor.output_ ? EPOLLOUT : 0U) | EPOLLET;
  event.data.u64 = pack(descriptor.slot_, slots_[descriptor.slot_].generation);
  descriptor.registered_ = ::epoll_ctl(epoll_.get(), operation, descriptor.fd(), &event) == 0;
  return descriptor.registered_;
}

void Poller::remove(Descriptor& descriptor) {
  if (descriptor.slot_ == Descriptor::kUnwatched) return;
  Slot& slot = slots_[descriptor.slot_];
  slot.descriptor = nullptr;
  ++slot.generation;
  free_slots_.push_back(descriptor.slot_);
  descriptor.slot_ = Descriptor::kUnwatched;
  descriptor.registered_ = false;
  descriptor.queued_ = false;
}

void Poller::enqueue(Descriptor& descriptor) {
  if (descriptor.queued_ || descriptor.slot_ == Descriptor::kUnwatched) return;
  descriptor.queued_ = true;
  turns_.push_back(pack(descriptor.slot_, slots_[descriptor.slot_].generation));
}

// Null when it is gone, though another may have its slot.
Descriptor* Poller::find(std::uint64_t entry) const {
  const Slot& slot = slots_[static_cast<std::uint32_t>(entry)];
  return slot.generation == entry >> 32 ? slot.descriptor : nullptr;
}

bool Poller::wait(int timeout_ms) {
  register_new();
  if (!turns_.empty()) timeout_ms = 0;
  if (deadlines_ != nullptr) timeout_ms = deadlines_->shorten(timeout_ms);
  std::array<epoll_event, 256> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout_ms);
  loop_.update_now();
  bool libuv_due = false;
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 == kLibuv) {
      libuv_due = true;
    } else if (Descriptor* descriptor = find(event.data.u64)) {
      deliver(event.events, *descriptor);
    }
  }
  give_turns();
  if (deadlines_ != nullptr) deadlines_->fire(loop_.now());
  return libuv_due;
}

void Poller::register_new() {
  for (const std::uint64_t entry : new_) {
    Descriptor* descriptor = find(entry);
    if (descriptor == nullptr) continue;
    descriptor->output_ = !descriptor->writable_;
    if (control(EPOLL_CTL_ADD, *descriptor)) continue;
    descriptor->failed_ = descriptor->readable_ = descriptor->writable_ = true;
    enqueue(*descriptor);
  }
  new_.clear();
}

void Poller::deliver(std::uint32_t events, Descriptor& descriptor) {
  if ((events & kReadEvents) != 0) descriptor.readable_ = true;
  if ((events & kWriteEvents) != 0) descriptor.writable_ = true;
  if ((events & (EPOLLRDHUP | EPOLLHUP)) != 0) descriptor.hung_up_ = true;
  if ((events & EPOLLERR) != 0) descriptor.failed_ = true;
  if ((events & EPOLLPRI) != 0) descriptor.urgent_ = true;
  descriptor.owner_->on_ready(descriptor);
}

// Only to those that wait when it begins: what queues itself again gets the next pass.
void Poller::give_turns() {
  if (turns_.empty()) return;
  const TimePoint end = clock_now() + kTurnsTime;
  for (std::size_t left = turns_.size(); left > 0; --left) {
    const std::uint64_t entry = turns_.front();
    turns_.pop_front();
    if (Descriptor* descriptor = find(entry)) {
      descriptor->queued_ = false;
      descriptor->owner_->on_turn(*descriptor);
    }
    if (left > 1 && clock_now() >= end) return;
  }
}

}  // namespace fwd
