#pragma once

#include <atomic>
#include <functional>
#include <utility>
#include <vector>

#include "net/handle.h"
#include "net/loop.h"

namespace fwd {

// Messages from any thread to the loop that owns the mailbox, delivered in the order of each sender. Nobody
// waits: posting is one compare-and-swap and a wake-up. Messages that are unread when the mailbox is
// destroyed are dropped; senders must have stopped by then.
template <class Message>
class Mailbox {
 public:
  Mailbox(Loop& loop, std::function<void(Message&)> on_message)
      : on_message_(std::move(on_message)), handle_(this, [&loop](uv_async_t* async) {
          return uv_async_init(loop.uv(), async, [](uv_async_t* fired) {
            if (Mailbox* self = Handle<uv_async_t, Mailbox>::owner(fired)) self->deliver();
          });
        }) {}
  ~Mailbox() { take(); }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  void post(Message message) {
    Node* node = new Node{std::move(message), head_.load(std::memory_order_relaxed)};
    while (!head_.compare_exchange_weak(node->next, node, std::memory_order_release,
                                        std::memory_order_relaxed)) {
    }
    uv_async_send(handle_.get());
  }

 private:
  struct Node {
    Message message;
    Node* next;
  };

  std::vector<Message> take() {
    std::vector<Message> messages;
    for (Node* node = head_.exchange(nullptr, std::memory_order_acquire); node != nullptr;) {
      messages.push_back(std::move(node->message));
      delete std::exchange(node, node->next);
    }
    return messages;
  }

  void deliver() {
    auto messages = take();
    for (auto it = messages.rbegin(); it != messages.rend(); ++it) on_message_(*it);
  }

  std::function<void(Message&)> on_message_;
  std::atomic<Node*> head_{nullptr};
  Handle<uv_async_t, Mailbox> handle_;
};

}  // namespace fwd
