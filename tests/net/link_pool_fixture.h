#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/dial_fixture.h"
#include "net/link_pool.h"
#include "net/plain_backend.h"

namespace fwd {

// The pools of one service. Members have the keys 1, 2, ...
class LinkPoolFixture : public DialFixture, public DialObserver {
 protected:
  static constexpr Duration kLong = std::chrono::hours(1);

  BackendKey add(const Endpoint& endpoint) {
    const BackendKey key = set.members.size() + 1;
    set.members.push_back({.key = key,
                           .id = {endpoint},
                           .load = std::make_shared<BackendLoad>(),
                           .pools = {std::make_shared<PoolCounters>()}});
    publish();
    return key;
  }
  void publish() {
    backends.set_active(std::make_shared<ActiveSet>(set));
    pool->members_changed();
  }
  void order(std::size_t idle, Duration max_age = kLong, BackendKey key = 1) {
    const PoolOrder given{key, idle, max_age};
    pool->set_orders({&given, 1});
  }
  // That many links wait.
  void fill(std::size_t idle, Duration max_age = kLong) {
    order(idle, max_age);
    ASSERT_TRUE(wait_for_idle(idle));
  }

  const PoolCounters& counters(BackendKey key = 1) const {
    return *set.members[static_cast<std::size_t>(key) - 1].pools[0];
  }
  std::uint64_t idle(BackendKey key = 1) const { return counters(key).idle.value(); }
  std::uint64_t connecting(BackendKey key = 1) const { return counters(key).connecting.value(); }
  std::uint64_t retired(RetireReason reason, BackendKey key = 1) const {
    return counters(key).retired[static_cast<std::size_t>(reason)].value();
  }
  bool wait_for_idle(std::size_t links, BackendKey key = 1) {
    return run_until(loop, [&] { return idle(key) == links; });
  }
  bool wait_for_retired(RetireReason reason, std::size_t links = 1) {
    return run_until(loop, [&] { return retired(reason) == links; });
  }
  void run_for(Duration time) {
    run_until(
        loop, [] { return false; }, time);
  }
  // In doubt, too.
  std::unique_ptr<Stream> take_link(BackendKey key = 1) { return pool->take(key); }
  // Which of the backend's links it is the other end of.
  std::size_t index_of(Stream& stream) {
    EXPECT_EQ(stream.write(std::as_bytes(std::span("?", 1))).bytes, 1U);
    std::vector<Fd>& links = backend.links();
    for (std::size_t i = 0; i < links.size(); ++i) {
      if (take(links[i].get()).bytes == "?") return i;
    }
    ADD_FAILURE() << "no link of this backend";
    return links.size();
  }
  static std::string read(Stream& stream) {
    std::string bytes(1024, '\0');
    bytes.resize(stream.read(std::as_writable_bytes(std::span(bytes))).bytes);
    return bytes;
  }

  void dial_succeeded(BackendKey key, Duration) override { succeeded.push_back(key); }
  void dial_failed(BackendKey key, DialError error) override { failed.emplace_back(key, error); }
  void dial_overtaken(BackendKey) override { ADD_FAILURE() << "a pool overtakes nobody"; }
  void idle_closed(BackendKey key, Duration age) override { idle_closes.emplace_back(key, age); }

  PlainBackend backend;
  ActiveSet set;
  BackendTable backends;
  LinkOptions options{.dial_timeout = std::chrono::seconds(10), .keepalive = {std::chrono::seconds(60)}};
  bool may_open = true;
  std::vector<BackendKey> succeeded;
  std::vector<std::pair<BackendKey, DialError>> failed;
  std::vector<std::pair<BackendKey, Duration>> idle_closes;
  std::unique_ptr<LinkPool> pool = std::make_unique<LinkPool>(
      PoolContext{context, options, *this, {}, Random(1), [this] { return may_open; }}, backends);
};

}  // namespace fwd
