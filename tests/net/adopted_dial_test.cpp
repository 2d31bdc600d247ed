#include <gmock/gmock.h>

#include <memory>

#include "net/link_pool_fixture.h"

namespace fwd {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// A race for a client is lost by a dial that the pool may go on with.
class AdoptedDialTest : public LinkPoolFixture {
 protected:
  std::unique_ptr<Dial> begin_dial(const Endpoint& to) {
    auto dial = std::make_unique<Dial>(context, previous_owner);
    EXPECT_EQ(dial->start({to, {}, std::chrono::seconds(10), {}}), std::nullopt);
    return dial;
  }
  // One link is missing, and the pool opens none itself for a while.
  void want_one() {
    may_open = false;
    order(1);
    run_passes(loop);
    may_open = true;
  }

  struct PreviousOwner final : Dial::Owner {
    void dial_ready(Dial&, std::unique_ptr<Stream>, Duration) override { ADD_FAILURE(); }
    void dial_failed(Dial&, DialError) override { ADD_FAILURE(); }
  } previous_owner;
};

TEST_F(AdoptedDialTest, BecomesALinkThatWaits) {
  add(backend.endpoint());
  want_one();
  pool->adopt(1, begin_dial(backend.endpoint()), clock_now());
  EXPECT_EQ(connecting(), 1U);
  ASSERT_TRUE(wait_for_idle(1));
  EXPECT_EQ(backend.count(), 1U);
  EXPECT_THAT(succeeded, ElementsAre(1));
  EXPECT_EQ(counters().opened.value(), 1U);
  EXPECT_GT(counters().open_ns.value(), 0U) << "or the mean time to open would come out too low";
  EXPECT_EQ(index_of(*take_link()), 0U);
}

TEST_F(AdoptedDialTest, IsNotWantedWhenNoLinkIsMissing) {
  add(backend.endpoint());
  fill(1);
  pool->adopt(1, begin_dial(backend.endpoint()), clock_now());
  EXPECT_EQ(pool->size(), 1U);
  pool->adopt(7, begin_dial(backend.endpoint()), clock_now());  // no member any more
  run_for(milliseconds(20));
  EXPECT_THAT(succeeded, SizeIs(1));
}

TEST_F(AdoptedDialTest, ThatFailsIsNoFailure) {
  const RefusingPort refusing;
  add(refusing.endpoint);
  want_one();
  pool->adopt(1, begin_dial(refusing.endpoint), clock_now());
  EXPECT_TRUE(run_until(loop, [this] { return connecting() == 0; }));
  EXPECT_THAT(failed, IsEmpty());
  EXPECT_EQ(counters().fill_failures.value(), 0U);
}

}  // namespace
}  // namespace fwd
