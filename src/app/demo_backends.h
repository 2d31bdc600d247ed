#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/address.h"
#include "core/time.h"

namespace fwd {

// The demo's own backends: small HTTP servers on loopback, on a thread of their own. One of them closes its
// listener for a while again and again. A loopback connect cannot be slowed by a backend, so how far away
// each one is comes from delay(), for the forwarder to add to its connects.
class DemoBackends {
 public:
  DemoBackends();
  ~DemoBackends();
  DemoBackends(const DemoBackends&) = delete;
  DemoBackends& operator=(const DemoBackends&) = delete;

  struct Description {
    Endpoint endpoint;
    std::string name;
    std::string behaviour;
  };
  const std::vector<Description>& list() const { return list_; }
  // Any thread.
  std::function<Duration(const Endpoint&)> delay() const;

 private:
  class Server;

  std::vector<Description> list_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

}  // namespace fwd
