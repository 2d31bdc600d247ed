#include "net/deadlines.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "core/random.h"
#include "net/run_until.h"

namespace fwd {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using testing::ElementsAre;

class DeadlinesTest : public testing::Test, public Deadline::Owner {
 protected:
  std::unique_ptr<Deadline> make() { return std::make_unique<Deadline>(deadlines, *this); }
  bool run_until_fired(std::size_t count) {
    return run_until(loop, [this, count] { return fired.size() >= count; });
  }

  void on_deadline(Deadline& deadline, TimePoint now) override {
    EXPECT_LE(now, clock_now());
    fired.push_back(&deadline);
    if (reaction) reaction(deadline, now);
  }

  Loop loop;
  Poller poller{loop};
  Deadlines deadlines{poller};
  std::vector<Deadline*> fired;
  std::function<void(Deadline&, TimePoint)> reaction;
};

TEST_F(DeadlinesTest, FiresInOrderOfTimeWhateverTheOrderOfSetting) {
  const auto first = make();
  const auto second = make();
  const auto third = make();
  const TimePoint now = clock_now();
  second->set(now + milliseconds(4));
  third->set(now + milliseconds(6));
  first->set(now + milliseconds(2));
  ASSERT_TRUE(run_until_fired(3));
  EXPECT_THAT(fired, ElementsAre(first.get(), second.get(), third.get()));
  EXPECT_GE(clock_now(), now + milliseconds(6));
}

TEST_F(DeadlinesTest, EarlierOneOvertakesTheOneWaitedFor) {
  const auto late = make();
  const auto soon = make();
  late->set(clock_now() + hours(1));
  soon->set(clock_now() + milliseconds(1));
  ASSERT_TRUE(run_until_fired(1));
  EXPECT_THAT(fired, ElementsAre(soon.get()));
}

TEST_F(DeadlinesTest, LastSetCounts) {
  const auto moved = make();
  const auto other = make();
  moved->set(clock_now());
  moved->set(clock_now() + hours(1));
  other->set(clock_now() + milliseconds(2));
  ASSERT_TRUE(run_until_fired(1));
  EXPECT_THAT(fired, ElementsAre(other.get()));
}

TEST_F(DeadlinesTest, CancelInTheCallbackSilencesOneThatIsDueAtOnce) {
  const auto first = make();
  auto cancelled = make();
  auto destroyed = make();
  const auto last = make();
  const TimePoint due = clock_now();
  first->set(due);
  cancelled->set(due + microseconds(1));
  destroyed->set(due + microseconds(2));
  last->set(due + microseconds(3));
  reaction = [&](Deadline&, TimePoint) {
    cancelled->cancel();
    destroyed.reset();
  };
  ASSERT_TRUE(run_until_fired(2));
  EXPECT_THAT(fired, ElementsAre(first.get(), last.get()));
}

TEST_F(DeadlinesTest, MayBeSetAgainInItsOwnCallback) {
  const auto deadline = make();
  TimePoint next = clock_now();
  deadline->set(next);
  reaction = [&](Deadline& again, TimePoint now) {
    EXPECT_GE(now, next);
    next = now + milliseconds(1);
    if (fired.size() < 4) again.set(next);
  };
  ASSERT_TRUE(run_until_fired(4));
  EXPECT_EQ(fired.size(), 4U);
}

TEST_F(DeadlinesTest, MayBeDestroyedInItsOwnCallback) {
  auto deadline = make();
  deadline->set(clock_now());
  reaction = [&](Deadline&, TimePoint) { deadline.reset(); };
  ASSERT_TRUE(run_until_fired(1));
  EXPECT_EQ(deadline, nullptr);
}

// Random sets and cancels, also from callbacks, against a plain map.
class DeadlinesModelTest : public DeadlinesTest {
 protected:
  static constexpr std::size_t kCount = 200;

  DeadlinesModelTest() {
    while (all.size() < kCount) all.push_back(make());
    reaction = [this](Deadline& deadline, TimePoint now) { check(deadline, now); };
  }
  void step() {
    Deadline& deadline = *all[random.below(kCount)];
    if (random.below(3) == 0) {
      deadline.cancel();
      model.erase(&deadline);
    } else {
      const TimePoint at = clock_now() + microseconds(random.below(4000));
      deadline.set(at);
      model[&deadline] = at;
    }
  }
  void check(Deadline& deadline, TimePoint now) {
    const auto expected = model.find(&deadline);
    ASSERT_NE(expected, model.end()) << "fired without being set";
    EXPECT_LE(expected->second, now) << "early";
    const auto earliest = std::ranges::min_element(model, {}, &std::pair<Deadline* const, TimePoint>::second);
    EXPECT_EQ(earliest->second, expected->second) << "out of order";
    model.erase(expected);
    if (stepping) step();
  }

  Random random{20};
  bool stepping = true;
  std::vector<std::unique_ptr<Deadline>> all;
  std::map<Deadline*, TimePoint> model;
};

TEST_F(DeadlinesModelTest, AgreesWithAPlainMap) {
  EXPECT_TRUE(run_until(loop, [this] {
    for (int i = 0; i < 16; ++i) step();
    return fired.size() > 1000;
  }));
  stepping = false;
  EXPECT_TRUE(run_until(loop, [this] { return model.empty(); }));
}

}  // namespace
}  // namespace fwd
