#include "net/dial.h"

#include <gmock/gmock.h>

#include <memory>
#include <vector>

#include "net/dial_fixture.h"

namespace fwd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

// Keeps the Dial when it reports, unless told otherwise.
class DialTest : public DialFixture, public Dial::Owner {
 protected:
  std::optional<DialError> start(const Endpoint& to, Duration timeout = seconds(10),
                                 std::optional<IpAddress> from = {}) {
    return dial->start({to, from, timeout});
  }
  bool run_until_answered() {
    return run_until(loop, [this] { return stream != nullptr || !errors.empty(); });
  }

  void dial_ready(Dial&, std::unique_ptr<Stream> ready, Duration took) override {
    EXPECT_EQ(stream, nullptr);
    stream = std::move(ready);
    elapsed = took;
    if (destroy_when_told) dial.reset();
  }
  void dial_failed(Dial&, DialError error) override {
    errors.push_back(error);
    if (destroy_when_told) dial.reset();
  }

  Fd listener = listen_on(loopback());
  Endpoint server = local_endpoint(listener.get());
  std::unique_ptr<Dial> dial = std::make_unique<Dial>(context, static_cast<Dial::Owner&>(*this));
  std::unique_ptr<Stream> stream;
  Duration elapsed{};
  std::vector<DialError> errors;
  bool destroy_when_told = false;
};

TEST_F(DialTest, OpensALinkAndTimesIt) {
  const TimePoint began = clock_now();
  EXPECT_EQ(start(server), std::nullopt);
  EXPECT_EQ(stream, nullptr) << "never before start returns";
  ASSERT_TRUE(run_until_answered());
  EXPECT_THAT(errors, IsEmpty());
  EXPECT_GT(elapsed, Duration::zero());
  EXPECT_LE(elapsed, clock_now() - began);

  const Fd accepted = accept_from(listener.get());
  ASSERT_TRUE(stream->writable());
  EXPECT_EQ(stream->write(std::as_bytes(std::span("hi", 2))).bytes, 2U);
  EXPECT_EQ(take(accepted.get()).bytes, "hi");
}

TEST_F(DialTest, FailsOnceWhenRefused) {
  const RefusingPort refusing;
  EXPECT_EQ(start(refusing.endpoint, milliseconds(20)), std::nullopt);
  ASSERT_TRUE(run_until_answered());
  EXPECT_FALSE(run_until(
      loop, [this] { return errors.size() > 1; }, milliseconds(60)));
  EXPECT_THAT(errors, ElementsAre(DialError::refused));
}

TEST_F(DialTest, FailsOnceWhenNobodyAnswersInTime) {
  const SilentPort silent;
  const TimePoint began = clock_now();
  EXPECT_EQ(start(silent.endpoint, milliseconds(20)), std::nullopt);
  ASSERT_TRUE(run_until_answered());
  EXPECT_GE(clock_now(), began + milliseconds(20));
  EXPECT_THAT(errors, ElementsAre(DialError::timeout));
}

TEST_F(DialTest, MayBeDestroyedWhenItReports) {
  destroy_when_told = true;
  EXPECT_EQ(start(server), std::nullopt);
  ASSERT_TRUE(run_until_answered());
  EXPECT_EQ(dial, nullptr);
  EXPECT_TRUE(stream->writable()) << "the link lives on";
}

TEST_F(DialTest, IsCancelledWhenDestroyed) {
  EXPECT_EQ(start(server, milliseconds(10)), std::nullopt);
  dial.reset();
  EXPECT_FALSE(run_until(
      loop, [this] { return stream != nullptr || !errors.empty(); }, milliseconds(30)));
}

TEST_F(DialTest, ComesFromTheSourceAddress) {
  EXPECT_EQ(start(server, seconds(10), ip("127.0.0.77")), std::nullopt);
  ASSERT_TRUE(run_until_answered());
  SocketAddress peer;
  const Fd accepted = accept_from(listener.get());
  ::getpeername(accepted.get(), peer.get(), peer.size_pointer());
  EXPECT_EQ(to_string(peer.endpoint().ip), "127.0.0.77");
}

TEST_F(DialTest, NeverComesFromAnotherAddressThanTheSource) {
  EXPECT_EQ(start(server, seconds(10), ip("203.0.113.1")), DialError::local);
  run_passes(loop);
  EXPECT_EQ(stream, nullptr);
  EXPECT_THAT(errors, IsEmpty()) << "an error at once is not reported again";
}

TEST_F(DialTest, SaysAtOnceThatThereIsNoRoute) {
  // A multicast address cannot be connected to.
  const auto error = start({ip("224.0.0.1"), 9});
  EXPECT_EQ(error, DialError::unreachable);
}

TEST_F(DialTest, AddsTheDelayOfTheDemo) {
  context.delay = [this](const Endpoint& to) {
    EXPECT_EQ(to, server);
    return milliseconds(20);
  };
  const TimePoint began = clock_now();
  EXPECT_EQ(start(server), std::nullopt);
  const Fd accepted = accept_from(listener.get());
  send_text(accepted.get(), "banner");
  ::shutdown(accepted.get(), SHUT_WR);
  ASSERT_TRUE(run_until_answered());
  EXPECT_GE(clock_now(), began + milliseconds(20));
  EXPECT_GE(elapsed, milliseconds(20));
  EXPECT_TRUE(stream->readable()) << "what came meanwhile is still to be seen";
}

}  // namespace
}  // namespace fwd
