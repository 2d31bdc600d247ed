#pragma once

#include <uv.h>

#include <utility>

namespace fwd {

// Owns one libuv handle. libuv needs the memory of a handle until its close callback, the C++ owner does not
// live that long: so handle and owner pointer sit in a heap block that only the close callback frees.
// Destroying or resetting a Handle silences its callbacks at once, also from inside one of them.
template <class Uv, class Owner>
class Handle {
 public:
  Handle() = default;
  // `init` gets the uninitialised handle and returns libuv's status; on failure the Handle is empty.
  template <class Init>
  Handle(Owner* owner, Init init) : block_(new Block{{}, owner}) {
    if (init(&block_->uv) != 0) {
      delete std::exchange(block_, nullptr);
      return;
    }
    block_->uv.data = block_;
  }
  ~Handle() { reset(); }
  Handle(Handle&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) {
      reset();
      block_ = std::exchange(other.block_, nullptr);
    }
    return *this;
  }

  explicit operator bool() const { return block_ != nullptr; }
  Uv* get() const { return &block_->uv; }

  void reset() {
    if (block_ == nullptr) return;
    block_->owner = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(&block_->uv),
             [](uv_handle_t* handle) { delete static_cast<Block*>(handle->data); });
    block_ = nullptr;
  }

  // For trampolines: the owner, or null once it has let go.
  static Owner* owner(const Uv* uv) { return static_cast<Block*>(uv->data)->owner; }

 private:
  struct Block {
    Uv uv;
    Owner* owner;
  };
  Block* block_ = nullptr;
};

}  // namespace fwd
