#include "net/probe.h"

#include <gmock/gmock.h>

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "net/dial_fixture.h"

namespace fwd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class ConnectProbeTest : public DialFixture {
 protected:
  Prober::Result ask(const DialTarget& target) {
    Prober::Result result;
    bool done = false;
    probe->start(target, [&](const Probe::Outcome& outcome) {
      result = {0, outcome};
      done = true;
      probe.reset();
    });
    EXPECT_TRUE(run_until(loop, [&done] { return done; }));
    return result;
  }

  Fd listener = listen_on(loopback());
  Endpoint server = local_endpoint(listener.get());
  std::unique_ptr<Probe> probe = make_connect_probe(context);
};

TEST_F(ConnectProbeTest, ConnectsAndClosesCleanly) {
  const Prober::Result result = ask({server, {}, seconds(10)});
  EXPECT_EQ(result.outcome.error, std::nullopt);
  EXPECT_GT(result.outcome.elapsed, Duration::zero());
  const Fd accepted = accept_from(listener.get());
  EXPECT_EQ(take(accepted.get()), (Found{"", Found::Then::eof}));
}

TEST_F(ConnectProbeTest, SaysWhyThereWasNoAnswer) {
  const RefusingPort refusing;
  const SilentPort silent;
  const struct {
    DialTarget target;
    DialError expected;
  } cases[] = {
      {{refusing.endpoint, {}, seconds(10)}, DialError::refused},
      {{silent.endpoint, {}, milliseconds(10)}, DialError::timeout},
      {{server, ip("203.0.113.1"), seconds(10)}, DialError::local},
  };
  for (const auto& [target, expected] : cases) {
    probe = make_connect_probe(context);
    EXPECT_EQ(ask(target).outcome.error, expected);
  }
}

TEST_F(ConnectProbeTest, IsCancelledWhenDestroyed) {
  bool called = false;
  probe->start({server, {}, milliseconds(5)}, [&called](const Probe::Outcome&) { called = true; });
  probe.reset();
  EXPECT_FALSE(run_until(
      loop, [&called] { return called; }, milliseconds(20)));
}

// Probes that answer when the test says so; those of the keys in `failing` do it before start returns.
class ProberTest : public DialFixture {
 protected:
  struct Scripted : Probe {
    explicit Scripted(ProberTest& in) : test(in) { ++test.alive; }
    ~Scripted() override { --test.alive; }
    void start(const DialTarget& target, Done done) override {
      const BackendKey key = target.to.port;
      if (test.failing.contains(key)) return done({DialError::local});
      test.running[key] = done;
    }
    ProberTest& test;
  };

  void probe(BackendKey key, bool urgent = false) {
    prober.probe(key, {{{}, static_cast<std::uint16_t>(key)}, {}, seconds(1)}, urgent);
  }
  void probe_all(std::initializer_list<BackendKey> keys) {
    for (const BackendKey key : keys) probe(key);
  }
  void answer(BackendKey key) {
    const auto done = running.at(key);
    running.erase(key);
    done({std::nullopt, milliseconds(static_cast<int>(key))});
  }

  std::map<BackendKey, Probe::Done> running;
  std::set<BackendKey> failing;
  int alive = 0;
  std::vector<BackendKey> started;
  std::vector<BackendKey> finished;
  std::vector<BackendKey> again;  // probed anew as soon as one has finished
  Prober prober{context,
                [this](DialContext&) { return std::make_unique<Scripted>(*this); },
                2,
                {[this](BackendKey key) { started.push_back(key); },
                 [this](const Prober::Result& result) {
                   finished.push_back(result.key);
                   EXPECT_EQ(result.outcome.error.has_value(), failing.contains(result.key));
                   for (const BackendKey key : std::exchange(again, {})) probe(key);
                 }}};
};

TEST_F(ProberTest, RunsOnlySoManyAtOnceAndTheOthersInTurn) {
  probe_all({1, 2, 3, 4});
  EXPECT_THAT(started, ElementsAre(1, 2));
  answer(2);
  EXPECT_THAT(started, ElementsAre(1, 2, 3));
  answer(1);
  EXPECT_THAT(started, ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(alive, 2);
  EXPECT_FALSE(prober.idle());
  answer(3);
  answer(4);
  EXPECT_THAT(finished, ElementsAre(2, 1, 3, 4));
  EXPECT_TRUE(prober.idle());
  EXPECT_EQ(alive, 0);
}

TEST_F(ProberTest, UrgentOneGoesBeforeAllThatWait) {
  probe_all({1, 2, 3});
  probe(4, true);
  answer(1);
  EXPECT_THAT(started, ElementsAre(1, 2, 4));
}

TEST_F(ProberTest, IgnoresABackendThatWaitsOrRunsAlready) {
  probe_all({1, 2, 3, 3, 1});
  answer(1);
  answer(2);
  answer(3);
  EXPECT_THAT(started, ElementsAre(1, 2, 3));
  EXPECT_TRUE(prober.idle());
  probe(1);
  EXPECT_THAT(started, ElementsAre(1, 2, 3, 1));
}

TEST_F(ProberTest, CancelDropsWhatWaitsAndWhatRuns) {
  probe_all({1, 2, 3, 4});
  prober.cancel(3);
  prober.cancel(1);
  prober.cancel(99);
  EXPECT_THAT(started, ElementsAre(1, 2, 4)) << "its place is taken by the next";
  EXPECT_EQ(alive, 2);
  answer(2);
  answer(4);
  EXPECT_THAT(finished, ElementsAre(2, 4));
  EXPECT_TRUE(prober.idle());
}

TEST_F(ProberTest, GoesOnWithTheNextWhenOneFailsAtOnce) {
  failing = {1, 2, 3};
  probe(1);
  EXPECT_THAT(finished, ElementsAre(1)) << "possibly before probe returns";
  probe(4);
  probe(5);
  probe_all({2, 3, 6});
  answer(4);
  EXPECT_THAT(finished, ElementsAre(1, 4, 2, 3));
  EXPECT_THAT(started, ElementsAre(1, 4, 5, 2, 3, 6));
  EXPECT_EQ(alive, 2);
}

TEST_F(ProberTest, MayBeAskedAgainFromItsOwnEvent) {
  failing = {2};
  again = {1, 2};
  probe(1);
  answer(1);
  EXPECT_THAT(finished, ElementsAre(1, 2));
  EXPECT_THAT(started, ElementsAre(1, 1, 2));
}

TEST_F(ProberTest, DestroyedWithProbesUnderWayItReportsNothing) {
  {
    Prober other(context, make_connect_probe, 1,
                 {[](BackendKey) {}, [](const Prober::Result&) { FAIL() << "reported after its end"; }});
    const Fd listener = listen_on(loopback());
    const DialTarget target{local_endpoint(listener.get()), {}, seconds(1)};
    other.probe(1, target);
    other.probe(2, target);
    EXPECT_FALSE(other.idle());
  }
  run_passes(loop);
}

}  // namespace
}  // namespace fwd
