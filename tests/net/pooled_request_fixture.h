#pragma once

#include <gtest/gtest.h>

#include <string>

#include "net/connector_fixture.h"
#include "net/plain_backend.h"

namespace fwd {

// Requests at members that have a pool.
class PooledRequestFixture : public LinkRequestFixture {
 protected:
  PooledRequestFixture() { options.dial_stagger = std::chrono::seconds(10); }

  BackendKey add_pooled() { return add(backend.endpoint()); }
  const PoolCounters& counters(BackendKey key) const { return *backends.find(key)->pool; }
  void order(BackendKey key, std::size_t idle) {
    const PoolOrder given{key, idle, std::chrono::hours(1)};
    pool.set_orders({&given, 1});
  }
  void fill(BackendKey key, std::size_t idle) {
    order(key, idle);
    ASSERT_TRUE(run_until(loop, [&] { return counters(key).idle.value() == idle; }));
    ASSERT_EQ(backend.count(), idle);
    succeeded.clear();
  }
  // Its link says so to the one end of a backend that has it.
  void expect_to_be_linked_to(const Fd& fd, const std::string& after = {}) {
    EXPECT_EQ(stream->write(std::as_bytes(std::span("hello", 5))).bytes, 5U);
    EXPECT_EQ(take(fd.get()).bytes, after + "hello");
  }
  void run_for(Duration time) {
    run_until(
        loop, [] { return false; }, time);
  }

  PlainBackend backend;
};

}  // namespace fwd
