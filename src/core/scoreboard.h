#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/backend.h"
#include "core/dial_result.h"
#include "core/dial_samples.h"
#include "core/ejection.h"
#include "core/scoring.h"
#include "core/time.h"

namespace fwd {

struct ProbeCounts {
  std::uint64_t successes = 0;
  std::array<std::uint64_t, kDialErrorCount> failures{};  // by DialError
};

// All that is known of one backend.
struct BackendRecord {
  BackendKey key = 0;
  BackendId id;
  bool listed = true;
  Measurements measured;
  ScoreParts score;  // of `measured`, kept up to date
  Ejection ejection;
  DialSamples dials;
  Confirmation confirmation;
  ProbeCounts probes;
  std::optional<TimePoint> last_probe;  // when the last one was started
  bool probing = false;                 // one is in flight
  std::optional<TimePoint> due;         // when advance() has work with it; the scoreboard's own
};

// What a sample changed, so that control knows whether to evaluate at once.
struct SampleEffect {
  bool failed = false;
  bool ejected = false;
  bool readmitted = false;
};

// Versioned, timestamped state for a restart or an upgrade. `taken_at_unix_ms` is wall-clock time, given by
// the caller.
struct ScoreboardState {
  static constexpr int kVersion = 1;
  struct Entry {
    BackendId id;
    Measurements measured;
  };
  int version = kVersion;
  std::int64_t taken_at_unix_ms = 0;
  std::vector<Entry> entries;  // sorted by id
};

// Every backend of one service with its score. Lives on the control loop; no clock, no I/O.
class Scoreboard {
 public:
  Scoreboard(const ScoringConfig& scoring, const EjectionConfig& ejection);

  // Finds the record again when the backend is still held; else makes one. Marks it listed.
  BackendKey add(const BackendId& id);
  // The key of a backend that is held; nothing for a stranger.
  std::optional<BackendKey> key_of(const BackendId& id) const;
  // Off the list; the record stays until forget().
  void unlist(BackendKey key);
  void forget(BackendKey key);

  // Unknown keys are ignored by everything below: a worker may speak of a backend that has gone.
  void probe_started(BackendKey key, TimePoint now);
  SampleEffect probe_succeeded(BackendKey key, Duration latency, TimePoint now);
  // DialError::local is counted in `probes` and otherwise ignored (no sample).
  SampleEffect probe_failed(BackendKey key, DialError error, TimePoint now);
  void dial_succeeded(BackendKey key, Duration latency, TimePoint now);
  // A dial took so long that another backend was tried: starts the confirmation probes, and is no sample.
  void dial_overtaken(BackendKey key, TimePoint now);
  // Starts the confirmation probes. DialError::local is ignored.
  void dial_failed(BackendKey key, DialError error, TimePoint now);

  // Does what time alone brings: folds the dials of a second into a sample, ends hold-downs that are over.
  struct Due {
    std::vector<BackendKey> failed;     // a folded sample was a failure
    std::vector<BackendKey> succeeded;  // a folded sample was a success
    std::vector<BackendKey> ejected;
    std::vector<BackendKey> readmitted;
    std::vector<BackendKey> to_probe;  // confirmation probes due now; marked as started
  };
  Due advance(TimePoint now);
  // When advance() next has something to do; nothing when there is nothing ahead.
  std::optional<TimePoint> next_due() const;

  const BackendRecord* find(BackendKey key) const;
  const std::unordered_map<BackendKey, BackendRecord>& records() const { return records_; }
  std::size_t listed() const { return listed_; }

  ScoreboardState export_state(std::int64_t now_unix_ms) const;
  // Takes measurements of listed backends that have none yet; refuses another version and says so by false.
  bool import_state(const ScoreboardState& state);

 private:
  SampleEffect fail(BackendRecord& record, TimePoint now);
  SampleEffect succeed(BackendRecord& record, SampleSource source, Duration latency, TimePoint now);
  BackendRecord* lookup(BackendKey key);
  void start_probe(BackendRecord& record, TimePoint now);
  void settle(BackendRecord& record, TimePoint now, Due& due);
  // Brings the record's place in agenda_ up to date; after every change to its dials, confirmation or
  // ejection.
  void reschedule(BackendRecord& record);

  ScoringConfig scoring_;
  EjectionConfig ejection_;
  std::unordered_map<BackendKey, BackendRecord> records_;
  std::unordered_map<BackendId, BackendKey, BackendIdHash> keys_;
  std::set<std::pair<TimePoint, BackendKey>> agenda_;  // the records with work ahead, soonest first
  BackendKey next_key_ = 1;
  std::size_t listed_ = 0;
};

// The order of merit: those that have answered before those that never did, then by score, then by lower
// latency, then by address. True when `a` is better.
bool better(const BackendRecord& a, const BackendRecord& b);

}  // namespace fwd
