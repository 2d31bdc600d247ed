#pragma once

#include <optional>
#include <vector>

#include "core/time.h"

namespace fwd {

// Folds the real dials of one backend into at most one sample a second, so that traffic does not outweigh
// probes: the median latency (the lower of two in the middle), or a failure only if all of them failed.
class DialSamples {
 public:
  struct Sample {
    bool success = false;
    Duration latency{};
  };

  void succeeded(Duration latency, TimePoint now);
  void failed(TimePoint now);
  // The sample of the second that began with the first dial since the last take; nothing before that second
  // is over or when there was no dial.
  std::optional<Sample> take(TimePoint now);
  // When take() will have something; nothing while empty.
  std::optional<TimePoint> due() const;

 private:
  std::optional<TimePoint> began_;
  std::vector<Duration> latencies_;  // of those that succeeded
};

// Extra probes that a failed or overtaken dial starts: one at once and then one a second, until three answers
// in a row agree (three successes or three failures).
class Confirmation {
 public:
  void start(TimePoint now);  // no effect while one is running
  void answered(bool success);
  // When the next extra probe is due; nothing when none is running. probe_started moves it a second on.
  std::optional<TimePoint> due() const;
  void probe_started(TimePoint now);

 private:
  bool running_ = false;
  TimePoint next_{};
  bool last_ = false;
  unsigned agreeing_ = 0;
};

}  // namespace fwd
