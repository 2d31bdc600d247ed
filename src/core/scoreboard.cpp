#include "core/scoreboard.h"

#include <algorithm>
#include <tuple>

namespace fwd {

Scoreboard::Scoreboard(const ScoringConfig& scoring, const EjectionConfig& ejection)
    : scoring_(scoring), ejection_(ejection) {}

BackendKey Scoreboard::add(const BackendId& id) {
  const auto [known, is_new] = keys_.try_emplace(id, next_key_);
  if (is_new) {
    BackendRecord& record = records_[next_key_];
    record.key = next_key_++;
    record.id = id;
    record.listed = false;
  }
  BackendRecord& record = records_.at(known->second);
  if (!record.listed) ++listed_;
  record.listed = true;
  return record.key;
}

std::optional<BackendKey> Scoreboard::key_of(const BackendId& id) const {
  const auto found = keys_.find(id);
  return found == keys_.end() ? std::nullopt : std::optional(found->second);
}

void Scoreboard::unlist(BackendKey key) {
  BackendRecord* record = lookup(key);
  if (!record || !record->listed) return;
  record->listed = false;
  --listed_;
  record->confirmation = {};
  reschedule(*record);
}

void Scoreboard::forget(BackendKey key) {
  const BackendRecord* record = lookup(key);
  if (!record) return;
  if (record->due) agenda_.erase({*record->due, key});
  if (record->listed) --listed_;
  keys_.erase(record->id);
  records_.erase(key);
}

void Scoreboard::probe_started(BackendKey key, TimePoint now) {
  if (BackendRecord* record = lookup(key)) start_probe(*record, now);
}

SampleEffect Scoreboard::probe_succeeded(BackendKey key, Duration latency, TimePoint now) {
  BackendRecord* record = lookup(key);
  if (!record) return {};
  record->probing = false;
  ++record->probes.successes;
  record->confirmation.answered(true);
  const SampleEffect effect = succeed(*record, SampleSource::probe, latency, now);
  reschedule(*record);
  return effect;
}

SampleEffect Scoreboard::probe_failed(BackendKey key, DialError error, TimePoint now) {
  BackendRecord* record = lookup(key);
  if (!record) return {};
  record->probing = false;
  ++record->probes.failures[static_cast<std::size_t>(error)];
  SampleEffect effect;
  if (error != DialError::local) {
    record->confirmation.answered(false);
    effect = fail(*record, now);
  }
  reschedule(*record);
  return effect;
}

void Scoreboard::dial_succeeded(BackendKey key, Duration latency, TimePoint now) {
  BackendRecord* record = lookup(key);
  if (!record) return;
  record->dials.succeeded(latency, now);
  reschedule(*record);
}

void Scoreboard::dial_failed(BackendKey key, DialError error, TimePoint now) {
  BackendRecord* record = lookup(key);
  if (!record || error == DialError::local) return;
  record->dials.failed(now);
  dial_overtaken(key, now);
}

void Scoreboard::dial_overtaken(BackendKey key, TimePoint now) {
  BackendRecord* record = lookup(key);
  if (!record) return;
  if (record->listed) record->confirmation.start(now);
  reschedule(*record);
}

Scoreboard::Due Scoreboard::advance(TimePoint now) {
  Due due;
  while (!agenda_.empty() && agenda_.begin()->first <= now) {
    BackendRecord& record = records_.at(agenda_.begin()->second);
    settle(record, now, due);
    reschedule(record);
  }
  return due;
}

std::optional<TimePoint> Scoreboard::next_due() const {
  if (agenda_.empty()) return std::nullopt;
  return agenda_.begin()->first;
}

const BackendRecord* Scoreboard::find(BackendKey key) const {
  const auto found = records_.find(key);
  return found == records_.end() ? nullptr : &found->second;
}

ScoreboardState Scoreboard::export_state(std::int64_t now_unix_ms) const {
  ScoreboardState state;
  state.taken_at_unix_ms = now_unix_ms;
  for (const auto& [key, record] : records_) {
    if (record.measured.success) state.entries.push_back({record.id, record.measured});
  }
  std::sort(state.entries.begin(), state.entries.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  return state;
}

bool Scoreboard::import_state(const ScoreboardState& state) {
  if (state.version != ScoreboardState::kVersion) return false;
  for (const ScoreboardState::Entry& entry : state.entries) {
    const auto known = keys_.find(entry.id);
    if (known == keys_.end()) continue;
    BackendRecord& record = records_.at(known->second);
    if (!record.listed || record.measured.success) continue;
    record.measured = entry.measured;
    record.score = score(record.measured, scoring_);
  }
  return true;
}

SampleEffect Scoreboard::fail(BackendRecord& record, TimePoint now) {
  record_failure(record.measured, scoring_);
  record.score = score(record.measured, scoring_);
  const bool ejected = record.ejection.failed(ejection_, record.measured.has_answered(), now);
  return {.failed = true, .ejected = ejected};
}

SampleEffect Scoreboard::succeed(BackendRecord& record, SampleSource source, Duration latency,
                                 TimePoint now) {
  record_success(record.measured, scoring_, source, latency);
  record.score = score(record.measured, scoring_);
  return {.readmitted = record.ejection.succeeded(ejection_, now)};
}

BackendRecord* Scoreboard::lookup(BackendKey key) {
  const auto found = records_.find(key);
  return found == records_.end() ? nullptr : &found->second;
}

void Scoreboard::start_probe(BackendRecord& record, TimePoint now) {
  record.probing = true;
  record.last_probe = now;
  record.confirmation.probe_started(now);
  reschedule(record);
}

void Scoreboard::settle(BackendRecord& record, TimePoint now, Due& due) {
  SampleEffect effect;
  const auto sample = record.dials.take(now);
  if (sample) {
    effect = sample->success ? succeed(record, SampleSource::dial, sample->latency, now) : fail(record, now);
  }
  if (record.ejection.expire(ejection_, now)) effect.readmitted = true;
  if (sample) (effect.failed ? due.failed : due.succeeded).push_back(record.key);
  if (effect.ejected) due.ejected.push_back(record.key);
  if (effect.readmitted) due.readmitted.push_back(record.key);

  const std::optional<TimePoint> confirmation = record.confirmation.due();
  if (record.probing || !confirmation || *confirmation > now) return;
  start_probe(record, now);
  due.to_probe.push_back(record.key);
}

void Scoreboard::reschedule(BackendRecord& record) {
  std::optional<TimePoint> next;
  const auto consider = [&next](std::optional<TimePoint> due) {
    if (due && (!next || *due < *next)) next = due;
  };
  consider(record.dials.due());
  consider(record.ejection.due(ejection_));
  if (!record.probing) consider(record.confirmation.due());

  if (next == record.due) return;
  if (record.due) agenda_.erase({*record.due, record.key});
  if (next) agenda_.insert({*next, record.key});
  record.due = next;
}

bool better(const BackendRecord& a, const BackendRecord& b) {
  const auto rank = [](const BackendRecord& r) {
    return std::tuple(!r.measured.has_answered(), -r.score.total, r.measured.latency_ms.value_or(0));
  };
  const auto rank_a = rank(a);
  const auto rank_b = rank(b);
  return rank_a != rank_b ? rank_a < rank_b : a.id < b.id;
}

}  // namespace fwd
