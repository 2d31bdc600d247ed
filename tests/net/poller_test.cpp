#include "net/poller.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "net/run_until.h"
#include "net/sockets.h"

namespace fwd {
namespace {

// A watched descriptor that counts its calls.
struct Watched final : Descriptor::Owner {
  Watched(Poller& poller, Fd fd) : descriptor(std::make_unique<Descriptor>(poller, std::move(fd), *this)) {
    EXPECT_TRUE(descriptor->watch());
  }
  void on_ready(Descriptor&) override {
    ++calls;
    if (reaction) reaction();
  }

  int calls = 0;
  std::function<void()> reaction;
  std::unique_ptr<Descriptor> descriptor;
};

class PollerTest : public testing::Test {
 protected:
  bool run_until_called(const Watched& watched, int calls = 1) {
    return run_until(loop, [&watched, calls] { return watched.calls >= calls; });
  }

  Loop loop;
  Poller poller{loop};
  TcpPair pair;
};

TEST_F(PollerTest, DataAndFinArriveAsOneEdge) {
  send_text(pair.far.get(), "last words");
  ::shutdown(pair.far.get(), SHUT_WR);
  Watched watched(poller, std::move(pair.near));
  ASSERT_TRUE(run_until_called(watched));
  EXPECT_TRUE(watched.descriptor->readable());
  EXPECT_TRUE(watched.descriptor->writable());
  EXPECT_TRUE(watched.descriptor->hung_up());
  EXPECT_FALSE(watched.descriptor->failed());

  run_passes(loop);
  EXPECT_EQ(watched.calls, 1) << "nothing new, so no other event";
  EXPECT_TRUE(watched.descriptor->readable()) << "latched until it is cleared";
}

TEST_F(PollerTest, NextEdgeSetsAClearedFlagAgain) {
  Watched watched(poller, std::move(pair.near));
  send_text(pair.far.get(), "one");
  ASSERT_TRUE(run_until(loop, [&] { return watched.descriptor->readable(); }));
  EXPECT_EQ(take(watched.descriptor->fd()).bytes, "one");
  watched.descriptor->clear_readable();
  run_passes(loop);
  EXPECT_FALSE(watched.descriptor->readable());

  send_text(pair.far.get(), "two");
  EXPECT_TRUE(run_until(loop, [&] { return watched.descriptor->readable(); }));
}

TEST_F(PollerTest, WritableAgainOnceThePeerHasMadeRoom) {
  Watched watched(poller, std::move(pair.near));
  ASSERT_TRUE(run_until(loop, [&] { return watched.descriptor->writable(); }));
  const std::string chunk(1 << 16, 'x');
  while (::send(watched.descriptor->fd(), chunk.data(), chunk.size(), MSG_NOSIGNAL) > 0) {
  }
  watched.descriptor->clear_writable();
  run_passes(loop);
  EXPECT_FALSE(watched.descriptor->writable());
  EXPECT_TRUE(run_until(loop, [&] {
    take(pair.far.get());
    return watched.descriptor->writable();
  }));
}

TEST_F(PollerTest, PausedInputMakesNoEventUntilAReadWouldBlock) {
  Watched watched(poller, std::move(pair.near));
  ASSERT_TRUE(run_until_called(watched));
  watched.descriptor->pause_input();
  send_text(pair.far.get(), "one");
  run_passes(loop);
  EXPECT_EQ(watched.calls, 1);
  EXPECT_TRUE(watched.descriptor->readable()) << "or nobody would try";

  EXPECT_EQ(take(watched.descriptor->fd()).bytes, "one");
  send_text(pair.far.get(), "two");
  watched.descriptor->clear_readable();
  EXPECT_TRUE(run_until(loop, [&] { return watched.descriptor->readable(); }))
      << "what came before it was cleared is told too";
}

TEST_F(PollerTest, AResetIsToldThoughInputIsPaused) {
  Watched watched(poller, std::move(pair.near));
  ASSERT_TRUE(run_until_called(watched));
  watched.descriptor->pause_input();
  reset_connection(pair.far);
  EXPECT_TRUE(run_until(loop, [&] { return watched.descriptor->failed(); }));
}

TEST_F(PollerTest, OutputIsToldThoughInputIsPaused) {
  Watched watched(poller, std::move(pair.near));
  ASSERT_TRUE(run_until_called(watched));
  watched.descriptor->pause_input();
  const std::string chunk(1 << 16, 'x');
  while (::send(watched.descriptor->fd(), chunk.data(), chunk.size(), MSG_NOSIGNAL) > 0) {
  }
  watched.descriptor->clear_writable();
  EXPECT_TRUE(run_until(loop, [&] {
    take(pair.far.get());
    return watched.descriptor->writable();
  }));
}

TEST_F(PollerTest, ResetIsAFailureThatCanBeReadToo) {
  Watched watched(poller, std::move(pair.near));
  reset_connection(pair.far);
  ASSERT_TRUE(run_until(loop, [&] { return watched.descriptor->failed(); }));
  EXPECT_TRUE(watched.descriptor->readable());
  EXPECT_TRUE(watched.descriptor->hung_up());
}

TEST_F(PollerTest, RefusesWhatCannotBeWatched) {
  struct Nobody : Descriptor::Owner {
    void on_ready(Descriptor&) override {}
  } nobody;
  Descriptor file(poller, Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)), nobody);
  EXPECT_FALSE(file.watch());
}

TEST_F(PollerTest, NoEventReachesADescriptorDestroyedEarlierInTheBatch) {
  TcpPair other;
  Watched first(poller, std::move(pair.near));
  Watched second(poller, std::move(other.near));
  std::unique_ptr<Watched> heir;  // takes the slot of the one that is destroyed
  const auto replace = [&](Watched& victim) {
    if (heir != nullptr) return;
    victim.descriptor.reset();
    heir = std::make_unique<Watched>(poller, listen_on(loopback()));
  };
  first.reaction = [&] { replace(second); };
  second.reaction = [&] { replace(first); };
  ASSERT_TRUE(run_until(loop, [&] { return heir != nullptr; }));
  run_passes(loop);
  EXPECT_EQ(first.calls + second.calls, 1);
  EXPECT_EQ(heir->calls, 0);
}

TEST_F(PollerTest, DescriptorMayBeDestroyedInItsOwnCallback) {
  Watched watched(poller, std::move(pair.near));
  watched.reaction = [&] { watched.descriptor.reset(); };
  ASSERT_TRUE(run_until_called(watched));
  EXPECT_EQ(take(pair.far.get()), (Found{"", Found::Then::eof})) << "closed";
}

TEST_F(PollerTest, IsSilentOnceUnwatchedThoughTheSocketIsOpenElsewhere) {
  const Fd elsewhere(::dup(pair.near.get()));
  {
    Watched watched(poller, std::move(pair.near));
    ASSERT_TRUE(run_until_called(watched));
    watched.descriptor->unwatch();
    send_text(pair.far.get(), "unheard");
    run_passes(loop);
    EXPECT_EQ(watched.calls, 1);
  }
  send_text(pair.far.get(), "still unheard");
  run_passes(loop);
}

// Without events of its own.
class CallAgainTest : public PollerTest {
 protected:
  Watched watched{poller, listen_on(loopback())};
};

TEST_F(CallAgainTest, CallsOnceInTheNextPassHoweverOftenItIsAsked) {
  watched.descriptor->call_again();
  watched.descriptor->call_again();
  EXPECT_EQ(watched.calls, 0);
  run_passes(loop);
  EXPECT_EQ(watched.calls, 1);
}

TEST_F(CallAgainTest, GivesOthersTheirTurnBetweenTwoCalls) {
  Watched other(poller, listen_on(loopback()));
  watched.reaction = [&] {
    EXPECT_EQ(other.calls, watched.calls - 1);
    watched.descriptor->call_again();
  };
  other.reaction = [&] {
    EXPECT_EQ(other.calls, watched.calls);
    other.descriptor->call_again();
  };
  watched.descriptor->call_again();
  other.descriptor->call_again();
  run_passes(loop, 4);
  EXPECT_EQ(watched.calls, 4);
  EXPECT_EQ(other.calls, 4);
}

TEST_F(CallAgainTest, IsForgottenWhenTheDescriptorIsDestroyedOrUnwatched) {
  auto destroyed = std::make_unique<Watched>(poller, listen_on(loopback()));
  destroyed->descriptor->call_again();
  destroyed.reset();
  watched.descriptor->call_again();
  watched.descriptor->unwatch();
  watched.descriptor->call_again();
  Watched heir(poller, listen_on(loopback()));
  run_passes(loop);
  EXPECT_EQ(watched.calls, 0);
  EXPECT_EQ(heir.calls, 0);
}

}  // namespace
}  // namespace fwd
