#include "app/service_control.h"

#include <algorithm>
#include <ranges>

#include "telemetry/log.h"

namespace fwd {
namespace {

constexpr Duration kFirstSetLimit = std::chrono::seconds(10);
constexpr Duration kGather = std::chrono::milliseconds(100);
constexpr Duration kFailureLineInterval = std::chrono::seconds(10);

std::string one_decimal(double value) {
  std::string text = std::to_string(value);
  return text.substr(0, text.find('.') + 2);
}

}  // namespace

ServiceControl::ServiceControl(Loop& loop, DialContext& dial_context, const Setup& setup,
                               std::unique_ptr<Provider> provider, Events events)
    : config_(setup.config),
      events_(std::move(events)),
      random_(setup.seed),
      board_(config_.remotes.scoring, config_.remotes.selector.ejection),
      selector_(config_.remotes.selector),
      series_(setup.max_series),
      link_options_{.proxy = config_.remotes.proxy_protocol, .tls = setup.tls},
      pools_(loop, config_, setup.workers, {events_.order, events_.changed}),
      prober_(dial_context, make_connect_probe, config_.remotes.probing.initial.max_concurrency,
              {[this](BackendKey key) { board_.probe_started(key, clock_now()); },
               [this](const Prober::Result& result) { probed(result); }}),
      provider_(std::move(provider)),
      sources_(config_.remotes.source_addrs),
      failure_lines_(kFailureLineInterval),
      first_set_timer_(loop, [this] { begin_serving(); }),
      round_timer_(loop, [this] { begin_round(); }),
      planned_timer_(loop, [this] { probe_planned(); }),
      advance_timer_(loop, [this] { advance(); }),
      evaluate_timer_(loop, [this] { evaluate(); }),
      evaluate_soon_timer_(loop, [this] { evaluate(); }) {}

std::string ServiceControl::start() {
  first_set_timer_.start(kFirstSetLimit);
  std::string error = provider_->start([this](const CandidateChange& change) { candidates_changed(change); });
  begin_serving_when_possible();
  return error;
}

void ServiceControl::candidates_changed(const CandidateChange& change) {
  adding_ = true;
  for (const BackendId& id : change.added) {
    const BackendKey key = board_.add(id);
    if (serving_ || config_.remotes.probing.initial.enabled)
      probe(key, config_.remotes.probing.initial.timeout);
  }
  for (const BackendId& id : change.removed) {
    const auto key = board_.key_of(id);
    if (!key) continue;
    board_.unlist(*key);
    prober_.cancel(*key);
  }
  adding_ = false;
  begin_serving_when_possible();
  if (serving_ && !(change.added.empty() && change.removed.empty())) evaluate_soon();
  events_.changed();
}

void ServiceControl::probe(BackendKey key, Duration timeout, bool urgent) {
  const BackendId& id = board_.find(key)->id;
  LinkStages stages = link_options_.whole(id, {}, std::nullopt);
  stages.handshake_timeout = std::min(stages.handshake_timeout, timeout);
  prober_.probe(key, {id.endpoint, sources_.next_for(id.endpoint.ip), timeout, std::move(stages)}, urgent);
}

void ServiceControl::probed(const Prober::Result& result) {
  const auto& [error, elapsed, detail] = result.outcome;
  if (error) {
    ++probes_failed_;
    log_failure(result.key, "probe failed", *error, detail);
    pools_.dial_failed(result.key, *error);
    react(result.key, board_.probe_failed(result.key, *error, clock_now()));
  } else {
    ++probes_ok_;
    ++answered_;
    auto& histogram = extras_[result.key].probe_duration;
    if (histogram == nullptr) histogram = std::make_unique<Histogram>(link_bounds());
    histogram->observe(elapsed);
    react(result.key, board_.probe_succeeded(result.key, elapsed, clock_now()));
  }
  begin_serving_when_possible();
}

void ServiceControl::dialled(const DialOutcome& outcome) {
  switch (outcome.kind) {
    case DialOutcome::Kind::succeeded:
      return board_.dial_succeeded(outcome.key, outcome.elapsed, clock_now());
    case DialOutcome::Kind::failed:
      log_failure(outcome.key, "dial failed", outcome.error);
      pools_.dial_failed(outcome.key, outcome.error);
      return board_.dial_failed(outcome.key, outcome.error, clock_now());
    case DialOutcome::Kind::overtaken:
      return board_.dial_overtaken(outcome.key, clock_now());
    case DialOutcome::Kind::idle_closed:
      return pools_.idle_closed(outcome.key, outcome.elapsed);
  }
}

// What a sample means for the active set: evaluated at once when a member failed, or one may come in.
void ServiceControl::react(BackendKey key, const SampleEffect& effect) {
  const bool member_failed = effect.failed && selector_.contains(key);
  const bool place_free =
      selector_.panic() || selector_.members().size() < config_.remotes.selector.active_set_size;
  if (member_failed || effect.readmitted || (!effect.failed && place_free)) evaluate_soon();
  schedule_advance();
  events_.changed();
}

void ServiceControl::begin_serving_when_possible() {
  if (serving_ || adding_) return;
  const bool enough = answered_ >= config_.remotes.selector.active_set_size;
  const bool pass_over = provider_->settled() && prober_.idle();
  if (enough || pass_over) begin_serving();
}

void ServiceControl::begin_serving() {
  if (serving_) return;
  serving_ = true;
  first_set_timer_.stop();
  evaluate();
  events_.first_set();
  begin_round();
}

void ServiceControl::begin_round() {
  forget_departed();
  planned_ = plan_probes(board_, selector_.members(), config_.remotes.probing, random_);
  std::ranges::reverse(planned_);
  round_began_ = clock_now();
  round_timer_.start(config_.remotes.probing.interval);
  probe_planned();
}

void ServiceControl::probe_planned() {
  const TimePoint now = clock_now();
  while (!planned_.empty() && round_began_ + planned_.back().offset <= now) {
    const BackendRecord* record = board_.find(planned_.back().key);
    planned_.pop_back();
    if (record == nullptr || !record->listed) continue;
    probe(record->key, config_.remotes.probing.timeout, selector_.contains(record->key));
  }
  if (!planned_.empty()) planned_timer_.start(round_began_ + planned_.back().offset - now);
}

void ServiceControl::advance() {
  const Scoreboard::Due due = board_.advance(clock_now());
  for (const BackendKey key : due.to_probe) probe(key, config_.remotes.probing.timeout, true);
  const bool member_failed =
      std::ranges::any_of(due.failed, [this](auto key) { return selector_.contains(key); });
  const bool hope = selector_.panic() && !due.succeeded.empty();
  if (member_failed || hope || !due.readmitted.empty()) evaluate_soon();
  if (!due.failed.empty() || !due.succeeded.empty()) events_.changed();
  schedule_advance();
}

void ServiceControl::schedule_advance() {
  if (const auto next = board_.next_due()) advance_timer_.start(*next - clock_now());
}

// Events within a short time are taken together.
void ServiceControl::evaluate_soon() {
  if (serving_ && !evaluate_soon_timer_.armed()) evaluate_soon_timer_.start(kGather);
}

void ServiceControl::evaluate() {
  evaluate_timer_.start(config_.remotes.selector.evaluation_interval);
  const bool was_panic = selector_.panic();
  const Decision decision = selector_.evaluate(board_, clock_now());
  ++decisions_[static_cast<std::size_t>(decision.reason)];
  const bool panic_changed = was_panic != decision.panic;
  log_decision(decision, panic_changed);
  // p2c weighs by connect time, which goes on changing while the members stay.
  const bool weighs = config_.pools.algorithm == BalancingAlgorithm::p2c;
  if (!decision.changes.empty() || panic_changed || weighs || ejections_changed()) publish(decision);
  events_.changed();
}

// In panic a member may be ejected, or not be it any more, and stay.
bool ServiceControl::ejections_changed() const {
  return std::ranges::any_of(published_->members, [this](const ActiveMember& member) {
    const BackendRecord* record = board_.find(member.key);
    return record != nullptr && record->ejection.ejected() != member.ejected;
  });
}

void ServiceControl::publish(const Decision& decision) {
  auto set = std::make_shared<ActiveSet>();
  for (const BackendKey key : decision.members) {
    const BackendRecord& record = *board_.find(key);
    auto& load = extras_[key].load;
    if (load == nullptr) load = std::make_shared<BackendLoad>();
    const auto connect_time =
        std::chrono::duration<double, std::milli>(record.measured.latency_ms.value_or(0));
    set->members.push_back({.key = key,
                            .id = record.id,
                            .load = load,
                            .connect_time = std::chrono::duration_cast<Duration>(connect_time),
                            .ejected = record.ejection.ejected(),
                            .pools = pools_.counters(record.id, key)});
  }
  events_.publish(set);
  pools_.set_members(*set);
  published_ = std::move(set);
}

// A record lives while it is listed or a session uses it. The shared count of sessions tells the latter, so
// that workers need not report it.
void ServiceControl::forget_departed() {
  std::vector<BackendKey> departed;
  for (const auto& [key, record] : board_.records()) {
    if (record.listed || selector_.contains(key)) continue;
    const auto& load = extras_[key].load;
    if (load == nullptr || load->in_use() == 0) departed.push_back(key);
  }
  for (const BackendKey key : departed) {
    failure_lines_.forget_if([key](const auto& kind) { return kind.first == key; });
    board_.forget(key);
    extras_.erase(key);
    pools_.forget(key);
  }
}

std::string ServiceControl::not_ready_reason() const {
  if (!serving_) return "waiting for the first answers of the backends";
  if (selector_.members().empty()) return "there is no backend";
  const bool answered = std::ranges::any_of(selector_.members(), [this](BackendKey key) {
    const BackendRecord* record = board_.find(key);
    return record != nullptr && record->measured.has_answered();
  });
  return answered ? std::string() : "no backend has answered";
}

ServiceSnapshot ServiceControl::snapshot() {
  ServiceSnapshot snapshot;
  snapshot.name = config_.name;
  for (const BackendKey key : series_.update(board_, selector_.members())) {
    snapshot.backends.push_back(snapshot_of(*board_.find(key)));
  }
  std::ranges::sort(snapshot.backends, {}, &BackendSnapshot::id);
  snapshot.candidates = board_.listed();
  snapshot.active_set_size = selector_.members().size();
  snapshot.panic = selector_.panic();
  snapshot.decisions = decisions_;
  snapshot.health_checks_ok = probes_ok_;
  snapshot.health_checks_failed = probes_failed_;
  return snapshot;
}

BackendSnapshot ServiceControl::snapshot_of(const BackendRecord& record) {
  const auto extra = extras_.find(record.key);
  BackendSnapshot snapshot;
  snapshot.id = record.id;
  snapshot.measured = record.measured;
  snapshot.score = record.score;
  snapshot.active = selector_.contains(record.key);
  snapshot.probes = record.probes;
  snapshot.pool = pools_.snapshot(record.key, clock_now());
  if (extra == extras_.end()) return snapshot;
  snapshot.load = extra->second.load;
  if (extra->second.probe_duration != nullptr) snapshot.probe_duration = extra->second.probe_duration->read();
  return snapshot;
}

std::string ServiceControl::name_of(BackendKey key) const {
  const BackendRecord* record = board_.find(key);
  return record != nullptr ? to_string(record->id) : "gone";
}

void ServiceControl::log_decision(const Decision& decision, bool panic_changed) const {
  const bool news = panic_changed || !decision.changes.empty();
  const LogLevel level = panic_changed && decision.panic ? LogLevel::warn
                         : news                          ? LogLevel::info
                                                         : LogLevel::debug;
  if (!log_enabled(LogModule::selector, level)) return;
  std::string in;
  std::string out;
  std::string members;
  const auto append = [](std::string& list, const std::string& name, double score) {
    list += (list.empty() ? "" : " ") + name + "=" + one_decimal(score);
  };
  const auto append_change = [&](const MemberChange& change) {
    if (change.in) append(in, name_of(*change.in), change.in_score);
    if (change.out) append(out, name_of(*change.out), change.out_score);
  };
  std::ranges::for_each(decision.changes, append_change);
  if (decision.considered) append_change(*decision.considered);
  for (const BackendKey key : decision.members) append(members, name_of(key), board_.find(key)->score.total);
  log(LogModule::selector, level, decision.changes.empty() ? "active set kept" : "active set changed",
      {{"service", config_.name},
       {"reason", std::string(to_string(decision.reason))},
       {"in", in},
       {"out", out},
       {"members", members},
       {"panic", decision.panic}});
}

void ServiceControl::log_failure(BackendKey key, std::string_view what, DialError error,
                                 const std::string& detail) {
  // Thousands of standbys may be down for days: only a member's failure is news.
  const LogLevel level = selector_.contains(key) ? LogLevel::warn : LogLevel::debug;
  if (!log_enabled(LogModule::probe, level)) return;
  const auto held_back = failure_lines_.allow({key, error}, clock_now());
  if (!held_back) return;
  log(LogModule::probe, level, what,
      {{"service", config_.name},
       {"backend", name_of(key)},
       {"reason", std::string(to_string(error))},
       {"detail", detail},
       {"held_back", *held_back}});
}

}  // namespace fwd
