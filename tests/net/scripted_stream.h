#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "net/stream.h"

namespace fwd {

// A stream without a socket: the test says what the peer sends and takes, and reads what reached it.
class ScriptedStream final : public Stream {
 public:
  enum class End { none, fin, reset };
  static constexpr std::size_t kNoLimit = static_cast<std::size_t>(-1);

  // What the peer does.
  void send(std::string_view text) {
    if (end_ != End::none) return;
    sent += text;
    if (!input_paused) tell();
  }
  void finish(End end) {
    if (end_ == End::reset || end_ == end) return;
    end_ = end;
    finished |= end == End::fin;
    end_unread_ = true;
    if (!input_paused || end == End::reset) tell();
  }
  void make_room(std::size_t bytes) {
    room_ = bytes;
    if (bytes > 0) tell();
  }
  void break_writes() { writes_break_ = true; }
  // The system could not watch it: that is told with a turn.
  void fail_unwatched() {
    end_ = End::reset;
    ++calls_asked;
  }
  void hold_sending(bool hold) {
    sending_held_ = hold;
    if (!hold) tell();
  }
  // Events that the relay asked for itself. Returns whether there were any.
  bool run_ready() {
    if (calls_asked == 0) return false;
    calls_asked = 0;
    if (owner_ != nullptr) owner_->on_turn(*this);
    return true;
  }
  void tell() {
    if (owner_ != nullptr) owner_->on_stream(*this);
  }

  End end() const { return end_; }
  bool broken() const { return end_ == End::reset || write_failed; }

  IdleState peek() override {
    if (end_ != End::none) return end_ == End::reset ? IdleState::failed : IdleState::closed;
    return read_so_far < sent.size() ? IdleState::banner : IdleState::quiet;
  }
  IoResult read(std::span<std::byte> into) override {
    before_read();
    const auto rest = std::string_view(sent).substr(read_so_far).substr(0, into.size());
    if (rest.size() < into.size()) input_paused = false;
    if (!rest.empty()) {
      std::ranges::copy(std::as_bytes(std::span(rest)), into.begin());
      read_so_far += rest.size();
      return {IoResult::Status::ok, rest.size()};
    }
    if (!end_unread_) return {IoResult::Status::would_block, 0};
    end_unread_ = false;
    return {end_ == End::fin ? IoResult::Status::eof : IoResult::Status::error, 0};
  }
  IoResult write(std::span<const std::byte> from) override {
    EXPECT_FALSE(shut || aborted) << "written after the end";
    if (writes_break_ || end_ == End::reset) {
      write_failed = true;
      return {IoResult::Status::error, 0};
    }
    const std::size_t taken = std::min(room_, from.size());
    if (taken == 0) return {IoResult::Status::would_block, 0};
    if (room_ != kNoLimit) room_ -= taken;
    received.append(reinterpret_cast<const char*>(from.data()), taken);
    return {IoResult::Status::ok, taken};
  }
  void shutdown_write() override {
    EXPECT_FALSE(shut) << "closed twice";
    shut = true;
  }
  void abort() override { aborted = true; }
  bool drained() override { return !sending_held_; }
  bool readable() const override { return read_so_far < sent.size() || end_unread_ || input_paused; }
  bool writable() const override { return room_ > 0 || writes_break_ || end_ == End::reset; }
  bool failed() const override { return end_ == End::reset; }
  void pause_input() override { input_paused = true; }
  void call_again() override { ++calls_asked; }
  void start_keepalive(const Keepalive&) override {}

  std::function<void()> before_read = [] {};
  std::string sent;      // by the peer
  std::string received;  // by the peer
  std::size_t read_so_far = 0;
  int calls_asked = 0;
  bool input_paused = false;
  bool finished = false;  // the peer has sent a FIN
  bool shut = false;
  bool aborted = false;
  bool write_failed = false;

 private:
  End end_ = End::none;
  bool end_unread_ = false;
  std::size_t room_ = kNoLimit;
  bool writes_break_ = false;
  bool sending_held_ = false;
};

}  // namespace fwd
