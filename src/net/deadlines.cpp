#include "net/deadlines.h"

namespace fwd {

void Deadline::set(TimePoint at) {
  cancel();
  deadlines_.heap_.emplace_back();
  deadlines_.sift_up(deadlines_.heap_.size() - 1, {at, this});
  deadlines_.arm();
}

void Deadline::cancel() {
  if (position_ != kUnset) deadlines_.remove(position_);
}

Deadlines::Deadlines(Loop& loop) : loop_(loop), timer_(loop, [this] { fire(); }) {}

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

void Deadlines::arm() {
  if (heap_.empty() || heap_.front().at >= armed_for_) return;
  armed_for_ = heap_.front().at;
  timer_.start(armed_for_ - clock_now());
}

void Deadlines::fire() {
  armed_for_ = TimePoint::max();
  const TimePoint now = loop_.update_now();
  while (!heap_.empty() && heap_.front().at <= now) {
    Deadline& due = *heap_.front().deadline;
    remove(0);
    due.owner_.on_deadline(due, now);
  }
  arm();
}

}  // namespace fwd
