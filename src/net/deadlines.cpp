#include "net/deadlines.h"

#include <algorithm>

namespace fwd {

void Deadline::set(TimePoint at) {
  cancel();
  deadlines_.heap_.emplace_back();
  deadlines_.sift_up(deadlines_.heap_.size() - 1, {at, this});
}

void Deadline::cancel() {
  if (position_ != kUnset) deadlines_.remove(position_);
}

Deadlines::Deadlines(Poller& poller) : poller_(poller) { poller.set_deadlines(this); }

void Deadlines::place(std::size_t position, Entry entry) {
  heap_[position] = entry;
  entry.deadline->position_ = position;
}

void Deadlines::sift_up(std::size_t position, Entry entry) {
  while (position > 0) {
    const std::size_t parent = (position - 1) / 2;
    if (heap_[parent].at <= entry.at) break;
    place(position, heap_[parent]);
    position = parent;
  }
  place(position, entry);
}

void Deadlines::sift_down(std::size_t position, Entry entry) {
  for (;;) {
    std::size_t child = 2 * position + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].at < heap_[child].at) ++child;
    if (entry.at <= heap_[child].at) break;
    place(position, heap_[child]);
    position = child;
  }
  place(position, entry);
}

void Deadlines::remove(std::size_t position) {
  heap_[position].deadline->position_ = Deadline::kUnset;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (position == heap_.size()) return;
  if (position > 0 && last.at < heap_[(position - 1) / 2].at) {
    sift_up(position, last);
  } else {
    sift_down(position, last);
  }
}

int Deadlines::shorten(int timeout_ms) const {
  using std::chrono::milliseconds;
  if (heap_.empty() || timeout_ms == 0) return timeout_ms;
  // Whole hours suffice: whoever waits longer waits again.
  constexpr milliseconds kMost = std::chrono::hours(1);
  const TimePoint now = clock_now();
  const auto left =
      heap_.front().at <= now ? milliseconds(0) : std::chrono::ceil<milliseconds>(heap_.front().at - now);
  const int first = static_cast<int>(std::min(left, kMost).count());
  return timeout_ms < 0 ? first : std::min(timeout_ms, first);
}

void Deadlines::fire(TimePoint now) {
  while (!heap_.empty() && heap_.front().at <= now) {
    Deadline& due = *heap_.front().deadline;
    remove(0);
    due.owner_.on_deadline(due, now);
  }
}

}  // namespace fwd
