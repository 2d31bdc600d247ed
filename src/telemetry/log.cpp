#include "telemetry/log.h"

#include <signal.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <optional>
#include <shared_mutex>

#include "core/time.h"
#include "telemetry/log_format.h"
#include "telemetry/log_output.h"

namespace fwd {
namespace {

constexpr std::size_t kQueueLines = 4096;              // some 400 bytes each, taken at once
constexpr auto kLastWrites = std::chrono::seconds(1);  // for an output that takes no more when the log stops
constexpr auto kBetweenReports = std::chrono::seconds(10);
constexpr LogLevel kUnstartedLevel = LogLevel::warn;

struct Threshold {
  std::atomic<LogLevel> level{kUnstartedLevel};
};
constinit std::array<Threshold, kLogModuleCount> thresholds;

// The lock is shared to write a line and exclusive to change what is behind it. A line is formatted and
// queued under one lock: it has the format of the output it goes to, and none is queued after the stop.
struct Log {
  std::shared_mutex mutex;
  bool json = false;
  std::shared_ptr<spdlog::details::thread_pool> pool;  // null, with the next two, when not started
  std::shared_ptr<LogOutput> output;
  std::shared_ptr<spdlog::async_logger> logger;
  std::uint64_t overrun_before = 0;  // in the queues of pools that are gone
  std::atomic<std::uint64_t> unwritten{0};
};

// Never destroyed: other threads and static destructors may write until the process is gone.
Log& the_log() {
  static auto* const instance = new Log;
  return *instance;
}

void set_levels(LogLevel level, const std::vector<std::pair<LogModule, LogLevel>>& exceptions) {
  std::array<LogLevel, kLogModuleCount> levels;
  levels.fill(level);
  for (const auto& [module, own_level] : exceptions) levels[static_cast<std::size_t>(module)] = own_level;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    thresholds[i].level.store(levels[i], std::memory_order_relaxed);
  }
}

// Signals are for the program's own threads, and a closed pipe is an error of write.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

void write_to_stderr(std::string_view line) {
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, line.data(), line.size());
}

// On the log's thread; a fault that lasts makes one line in a while.
class FaultReport {
 public:
  void operator()(const std::string& fault) {
    const auto now = std::chrono::steady_clock::now();
    if (last_ && now - *last_ < kBetweenReports) return;
    last_ = now;
    write_to_stderr(
        format_text({std::chrono::system_clock::now(), LogLevel::error, LogModule::app, fault, {}}));
  }

 private:
  std::optional<TimePoint> last_;
};

void use_output(Log& state, std::shared_ptr<LogOutput> output) {
  if (!state.pool) {
    state.pool = std::make_shared<spdlog::details::thread_pool>(kQueueLines, 1, block_signals);
  }
  auto logger = std::make_shared<spdlog::async_logger>("log", output, state.pool,
                                                       spdlog::async_overflow_policy::overrun_oldest);
  logger->set_level(spdlog::level::trace);
  logger->set_error_handler(FaultReport());
  if (state.output) state.output->stop_waiting_at(std::chrono::steady_clock::now() + kLastWrites);
  state.logger = std::move(logger);
  state.output = std::move(output);
}

}  // namespace

std::string log_start(const LogOptions& options) {
  Log& state = the_log();
  std::string error;
  auto output = LogOutput::open(options.output, state.unwritten, error);
  if (!output) return error;
  const std::unique_lock lock(state.mutex);
  try {
    use_output(state, std::move(output));
  } catch (const std::exception& fault) {
    return std::string("cannot start the thread of the log: ") + fault.what();
  }
  state.json = options.json;
  set_levels(options.level, options.module_levels);
  return {};
}

void log_reopen() {
  Log& state = the_log();
  const std::shared_lock lock(state.mutex);
  if (!state.logger) return;
  state.output->request_reopen();
  state.logger->flush();
}

void log_stop() {
  Log& state = the_log();
  std::shared_ptr<spdlog::details::thread_pool> pool;
  {
    const std::unique_lock lock(state.mutex);
    if (!state.pool) return;
    set_levels(kUnstartedLevel, {});
    state.output->stop_waiting_at(std::chrono::steady_clock::now() + kLastWrites);
    state.overrun_before += state.pool->overrun_counter();
    state.json = false;
    state.logger.reset();
    state.output.reset();
    pool = std::move(state.pool);
  }
  pool.reset();  // Writes what is queued and joins; outside the lock, so that nobody waits for the disk.
}

std::uint64_t log_dropped() {
  Log& state = the_log();
  const std::shared_lock lock(state.mutex);
  const std::uint64_t overrun = state.pool ? state.pool->overrun_counter() : 0;
  return state.overrun_before + overrun + state.unwritten.load(std::memory_order_relaxed);
}

bool log_enabled(LogModule module, LogLevel level) {
  return level >= thresholds[static_cast<std::size_t>(module)].level.load(std::memory_order_relaxed);
}

void log(LogModule module, LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (!log_enabled(module, level)) return;
  const LogEvent event{
      std::chrono::system_clock::now(), level, module, message, {fields.begin(), fields.size()}};
  Log& state = the_log();
  const std::shared_lock lock(state.mutex);
  const std::string line = state.json ? format_json(event) : format_text(event);
  if (state.logger) {
    state.logger->log(spdlog::level::info, line);
  } else {
    write_to_stderr(line);
  }
}

}  // namespace fwd
