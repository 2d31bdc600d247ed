#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "core/backend.h"
#include "net/dial.h"

namespace fwd {

// Asks one backend once whether it answers, and how fast. Destroying it cancels it.
class Probe {
 public:
  struct Outcome {
    std::optional<DialError> error;  // why it failed
    Duration elapsed{};              // how long the connect took
    std::string detail{};            // of an error, in other words; may be empty
  };
  // Once; may be called before start() returns; may destroy the probe.
  using Done = std::function<void(const Outcome& outcome)>;

  virtual ~Probe() = default;
  virtual void start(const DialTarget& target, Done done) = 0;
};

// Makes probes of the kind that a service uses.
using ProbeKind = std::function<std::unique_ptr<Probe>(DialContext&)>;

// Opens a link as a session would and closes it cleanly.
std::unique_ptr<Probe> make_connect_probe(DialContext& context);

// Runs the probes of one service, at most so many at once; the others wait in turn. Loop thread only.
class Prober {
 public:
  struct Result {
    BackendKey key = 0;
    Probe::Outcome outcome;
  };
  // Told as a probe leaves the queue, and of its result; both may come before probe() returns.
  struct Events {
    std::function<void(BackendKey)> started;
    std::function<void(const Result&)> finished;
  };

  Prober(DialContext& context, ProbeKind kind, std::size_t max_concurrency, Events events)
      : context_(context),
        kind_(std::move(kind)),
        max_concurrency_(max_concurrency),
        events_(std::move(events)) {}

  // Nothing happens when a probe of that backend is waiting or under way already, but that an urgent one goes
  // before all that wait.
  void probe(BackendKey key, const DialTarget& target, bool urgent = false);
  // Drops what waits or runs for it; nothing is reported.
  void cancel(BackendKey key);
  bool idle() const { return probes_.empty(); }

 private:
  void start_waiting();
  void run(BackendKey key, const DialTarget& target);
  void finished(BackendKey key, const Probe::Outcome& outcome);

  DialContext& context_;
  ProbeKind kind_;
  std::size_t max_concurrency_;
  Events events_;
  std::deque<std::pair<BackendKey, DialTarget>> waiting_;
  std::unordered_map<BackendKey, std::unique_ptr<Probe>> probes_;  // null while it waits
  std::size_t running_ = 0;
  bool starting_ = false;
};

}  // namespace fwd
