#include "net/resolver.h"

#include <gmock/gmock.h>

#include <memory>

#include "net/run_until.h"
#include "net/sockets.h"

namespace fwd {
namespace {

using testing::Contains;
using testing::ElementsAre;

class LookupTest : public testing::Test {
 protected:
  // Nothing when the lookup failed.
  std::optional<std::vector<IpAddress>> resolve(const std::string& host) {
    std::optional<std::vector<IpAddress>> answer;
    bool done = false;
    lookup->start(host, [&](auto addresses) {
      answer = std::move(addresses);
      done = true;
    });
    EXPECT_FALSE(done) << "never before start returns";
    EXPECT_TRUE(lookup->running());
    EXPECT_TRUE(run_until(loop, [&done] { return done; }));
    EXPECT_FALSE(lookup->running());
    return answer;
  }

  Loop loop;
  std::unique_ptr<Lookup> lookup = std::make_unique<Lookup>(loop);
};

TEST_F(LookupTest, FindsLocalhost) {
  const auto answer = resolve("localhost");
  ASSERT_TRUE(answer);
  EXPECT_THAT(*answer, Contains(ip("127.0.0.1")));
}

TEST_F(LookupTest, TakesAnAddressForAName) {
  const auto answer = resolve("::1");
  ASSERT_TRUE(answer);
  EXPECT_THAT(*answer, ElementsAre(ip("::1")));
}

TEST_F(LookupTest, GivesNothingForANameThatDoesNotExist) {
  EXPECT_EQ(resolve("no-such-host.invalid"), std::nullopt);
  EXPECT_EQ(resolve(std::string(300, 'x')), std::nullopt) << "too long to be asked for";
}

TEST_F(LookupTest, MayStartAgainOrBeDestroyedInItsCallback) {
  bool done = false;
  lookup->start("127.0.0.1", [&](const auto&) {
    lookup->start("127.0.0.2", [&](const auto& answer) {
      lookup.reset();
      EXPECT_THAT(answer.value(), ElementsAre(ip("127.0.0.2")));
      done = true;
    });
  });
  EXPECT_TRUE(run_until(loop, [&done] { return done; }));
  EXPECT_EQ(lookup, nullptr);
}

TEST_F(LookupTest, DropsTheAnswerWhenDestroyed) {
  bool called = false;
  lookup->start("localhost", [&called](const auto&) { called = true; });
  lookup.reset();
  uv_run(loop.uv(), UV_RUN_DEFAULT);  // until the request itself is over
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace fwd
