#include "net/mailbox.h"

#include <gmock/gmock.h>

#include <memory>
#include <thread>
#include <vector>

#include "net/run_until.h"

namespace fwd {
namespace {

using testing::ElementsAre;

TEST(MailboxTest, KeepsTheOrderOfOneSender) {
  Loop loop;
  std::vector<int> got;
  Mailbox<int> mailbox(loop, [&got](int& message) { got.push_back(message); });
  for (int i = 0; i < 3; ++i) mailbox.post(i);
  EXPECT_TRUE(got.empty()) << "delivered by the loop, not by post";
  ASSERT_TRUE(run_until(loop, [&got] { return got.size() == 3; }));
  EXPECT_THAT(got, ElementsAre(0, 1, 2));
}

TEST(MailboxTest, LosesNothingFromManyThreads) {
  constexpr int kSenders = 4;
  constexpr int kMessages = 5000;
  struct Message {
    std::size_t sender;
    int number;
  };
  Loop loop;
  std::vector<int> next(kSenders, 0);
  Mailbox<Message> mailbox(loop, [&next](Message& message) {
    ASSERT_EQ(message.number, next[message.sender]);
    ++next[message.sender];
  });
  std::vector<std::thread> senders;
  for (std::size_t sender = 0; sender < kSenders; ++sender) {
    senders.emplace_back([&mailbox, sender] {
      for (int i = 0; i < kMessages; ++i) mailbox.post({sender, i});
    });
  }
  const std::vector<int> everything(kSenders, kMessages);
  EXPECT_TRUE(run_until(loop, [&] { return next == everything; }));
  for (std::thread& sender : senders) sender.join();
}

TEST(MailboxTest, TakesMessagesPostedWhileItDelivers) {
  Loop loop;
  std::vector<int> got;
  Mailbox<int>* self = nullptr;
  Mailbox<int> mailbox(loop, [&](int& message) {
    got.push_back(message);
    if (message < 3) self->post(message + 1);
  });
  self = &mailbox;
  mailbox.post(0);
  ASSERT_TRUE(run_until(loop, [&got] { return got.size() == 4; }));
  EXPECT_THAT(got, ElementsAre(0, 1, 2, 3));
}

TEST(MailboxTest, FreesWhatWasNeverRead) {
  Loop loop;
  const auto shared = std::make_shared<int>(1);
  {
    Mailbox<std::shared_ptr<int>> mailbox(loop, [](auto&) { FAIL(); });
    mailbox.post(shared);
    EXPECT_EQ(shared.use_count(), 2);
  }
  EXPECT_EQ(shared.use_count(), 1);
}

TEST(MailboxTest, TakesMessagesThatCanOnlyBeMoved) {
  Loop loop;
  std::unique_ptr<int> got;
  Mailbox<std::unique_ptr<int>> mailbox(loop, [&got](auto& message) { got = std::move(message); });
  mailbox.post(std::make_unique<int>(7));
  ASSERT_TRUE(run_until(loop, [&got] { return got != nullptr; }));
  EXPECT_EQ(*got, 7);
}

}  // namespace
}  // namespace fwd
