#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "net/connector.h"
#include "net/dial_fixture.h"

namespace fwd {

// Members are tried in the order in which they were added: the later ones carry load already.
class LinkRequestFixture : public DialFixture, public LinkRequest::Owner, public DialObserver {
 protected:
  LinkRequestFixture() {
    connector.options.dial_timeout = std::chrono::seconds(10);
    connector.options.dial_stagger = std::chrono::seconds(10);
    connector.options.dial_attempts = 3;
  }

  BackendKey add(const Endpoint& endpoint) {
    const BackendKey key = set.members.size() + 1;
    auto load = std::make_shared<BackendLoad>();
    for (BackendKey i = 1; i < key; ++i) load->begin();
    set.members.push_back({key, {endpoint}, load, {}});
    backends.set_active(std::make_shared<ActiveSet>(set));
    pool.members_changed();
    return key;
  }
  BackendKey add_good() { return add(server); }
  BackendKey add_refusing() { return add(refusing.endpoint); }
  BackendKey add_silent() { return add(silent.endpoint); }
  // Dials and sessions that a member carries because of the request.
  std::uint64_t in_use(BackendKey key) const {
    return set.members[static_cast<std::size_t>(key) - 1].load->in_use() - (key - 1);
  }

  void start() {
    request = std::make_unique<LinkRequest>(connector, inbound, static_cast<LinkRequest::Owner&>(*this));
    request->start();
  }
  bool answered() const { return answers > 0; }
  bool run_until_answered() {
    return run_until(loop, [this] { return answered(); });
  }
  // Also that nothing comes after the one answer, although the request lives on.
  void expect_one_answer() {
    ASSERT_TRUE(run_until_answered());
    EXPECT_FALSE(run_until(
        loop, [this] { return answers > 1; }, std::chrono::milliseconds(30)));
  }

  void link_ready(std::unique_ptr<Stream> ready, BackendTable::Lease used, LinkSource from) override {
    ++answers;
    source = from;
    stream = std::move(ready);
    lease = std::move(used);
    if (on_answer) on_answer();
  }
  void link_failed(std::optional<DialError> error) override {
    ++answers;
    failure = error;
    if (on_answer) on_answer();
  }
  void dial_succeeded(BackendKey key, Duration elapsed) override {
    EXPECT_GT(elapsed, Duration::zero());
    succeeded.push_back(key);
  }
  void dial_failed(BackendKey key, DialError error) override { failed.emplace_back(key, error); }
  void dial_overtaken(BackendKey key) override { overtaken.push_back(key); }
  void idle_closed(BackendKey key, Duration) override { idle_closes.push_back(key); }

  Fd listener = listen_on(loopback());
  Endpoint server = local_endpoint(listener.get());
  RefusingPort refusing;
  SilentPort silent;
  ActiveSet set;
  BackendTable backends;
  Balancer balancer{BalancingAlgorithm::least_connections, Random(1)};
  LinkOptions options{.dial_timeout = std::chrono::seconds(10), .keepalive = {std::chrono::seconds(60)}};
  LinkPool pool{{context, options, *this, {}, Random(1), [] { return true; }}, backends};
  Connector connector{context, {}, backends, balancer, pool, *this, {}};
  Inbound inbound = pass_through({ip("127.0.0.1"), 0});

  int answers = 0;
  std::unique_ptr<Stream> stream;
  std::optional<LinkSource> source;
  BackendTable::Lease lease;
  std::optional<DialError> failure;
  std::vector<BackendKey> succeeded;
  std::vector<std::pair<BackendKey, DialError>> failed;
  std::vector<BackendKey> overtaken;
  std::vector<BackendKey> idle_closes;
  std::function<void()> on_answer;
  std::unique_ptr<LinkRequest> request;
};

}  // namespace fwd
