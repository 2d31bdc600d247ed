#include "net/listener.h"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <memory>
#include <vector>

#include "net/prepare_hook.h"
#include "net/run_until.h"
#include "net/sockets.h"

namespace fwd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ListenerTest : public testing::Test, public Listener::Owner {
 protected:
  ListenerTest() { EXPECT_TRUE(listener->watch()); }

  void connect(int count) {
    for (int i = 0; i < count; ++i) clients.push_back(connect_to(endpoint));
  }
  bool run_until_accepted(std::size_t count) {
    return run_until(loop, [this, count] { return accepted_fds.size() >= count; });
  }
  void expect_accepted(std::size_t count) {
    EXPECT_TRUE(run_until_accepted(count));
    run_passes(loop);
    EXPECT_EQ(accepted_fds.size(), count);
    EXPECT_EQ(reserved, static_cast<int>(count)) << "one place for each connection, none lost";
  }

  bool may_accept() override {
    if (reserved == capacity) return false;
    ++reserved;
    return true;
  }
  void nobody_accepted() override { --reserved; }
  void accepted(Fd fd, const Endpoint& client) override {
    accepted_fds.push_back(std::move(fd));
    seen.push_back(client);
  }
  void accept_failed(bool exhausted) override {
    --reserved;
    failures.push_back(exhausted);
  }

  Loop loop;
  Poller poller{loop};
  Fd socket = listen_on(loopback());
  Endpoint endpoint = local_endpoint(socket.get());
  std::unique_ptr<Listener> listener =
      std::make_unique<Listener>(poller, std::move(socket), static_cast<Listener::Owner&>(*this));
  int capacity = 1000;
  int reserved = 0;
  std::vector<Fd> clients;
  std::vector<Fd> accepted_fds;
  std::vector<Endpoint> seen;
  std::vector<bool> failures;
};

TEST_F(ListenerTest, WaitsForTheFirstResumeAndTakesWhatWasQueued) {
  connect(3);
  run_passes(loop);
  EXPECT_THAT(accepted_fds, IsEmpty());
  EXPECT_TRUE(listener->paused());
  listener->resume();
  expect_accepted(3);
  connect(2);
  expect_accepted(5);
  EXPECT_FALSE(listener->paused());
}

TEST_F(ListenerTest, TellsTheClientsAddressAndMakesItsSocketNotBlock) {
  listener->resume();
  connect(1);
  expect_accepted(1);
  EXPECT_EQ(seen.front(), local_endpoint(clients.front().get()));
  EXPECT_NE(::fcntl(accepted_fds.front().get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(accepted_fds.front().get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(ListenerTest, LetsOthersHaveTheirTurnBetweenBatches) {
  connect(100);
  std::vector<std::size_t> after_each_pass;
  PrepareHook hook(loop, [&] { after_each_pass.push_back(accepted_fds.size()); });
  listener->resume();
  expect_accepted(100);
  std::size_t before = 0;
  for (const std::size_t now : after_each_pass) {
    EXPECT_LE(now - before, 64U) << "a pass serves the ready list and the events, a batch for each";
    before = now;
  }
}

TEST_F(ListenerTest, LeavesConnectionsQueuedWhileThereIsNoPlace) {
  capacity = 2;
  listener->resume();
  connect(5);
  expect_accepted(2);
  EXPECT_TRUE(listener->paused());
  capacity = 4;
  listener->resume();
  expect_accepted(4);
  EXPECT_TRUE(listener->paused());
  capacity = 10;
  connect(1);
  run_passes(loop);
  EXPECT_EQ(accepted_fds.size(), 4U) << "paused, although there is an event";
  listener->resume();
  expect_accepted(6);
  EXPECT_THAT(failures, IsEmpty());
}

TEST_F(ListenerTest, DrainTakesTheWholeQueueAtOnceAndPauses) {
  connect(70);
  EXPECT_TRUE(listener->drain());
  EXPECT_EQ(accepted_fds.size(), 70U);
  EXPECT_EQ(reserved, 70);
  EXPECT_TRUE(listener->paused());
  connect(1);
  run_passes(loop);
  EXPECT_EQ(accepted_fds.size(), 70U);
}

TEST_F(ListenerTest, DrainSaysThatItHadToStopAndGoesOnLater) {
  capacity = 2;
  connect(3);
  EXPECT_FALSE(listener->drain());
  EXPECT_EQ(accepted_fds.size(), 2U);
  capacity = 10;
  EXPECT_TRUE(listener->drain());
  EXPECT_EQ(accepted_fds.size(), 3U);
}

TEST_F(ListenerTest, PausesWithoutDescriptorsAndLosesNobody) {
  listener->resume();
  connect(1);
  expect_accepted(1);  // also makes a sanitizer learn the types that it has to know below
  connect(3);
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const rlimit none{0, limit.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  run_passes(loop, 20);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_THAT(failures, ElementsAre(true)) << "once, without trying again and again";
  EXPECT_TRUE(listener->paused());
  EXPECT_EQ(reserved, 1);

  listener->resume();
  expect_accepted(4);
}

TEST_F(ListenerTest, IsSilentOnceDestroyedThoughTheSocketIsOpenElsewhere) {
  Fd shared = listen_on(loopback());
  endpoint = local_endpoint(shared.get());
  const Fd elsewhere(::dup(shared.get()));
  listener = std::make_unique<Listener>(poller, std::move(shared), static_cast<Listener::Owner&>(*this));
  EXPECT_TRUE(listener->watch());
  listener->resume();
  connect(1);
  expect_accepted(1);
  listener.reset();
  connect(1);
  run_passes(loop);
  EXPECT_EQ(accepted_fds.size(), 1U);
  EXPECT_TRUE(accept_from(elsewhere.get())) << "left to the others";
}

}  // namespace
}  // namespace fwd
