#pragma once

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/time.h"

namespace fwd {

// Where the log's thread writes its lines: standard output, standard error or a file. Each line goes out in
// one write, so that nothing is held back and processes that share a file do not mix their lines.
class LogOutput : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  // `lost` counts the lines that could not be written. On failure returns null and says why in `error`.
  static std::shared_ptr<LogOutput> open(const std::string& name, std::atomic<std::uint64_t>& lost,
                                         std::string& error);
  LogOutput(int fd, std::string path, std::atomic<std::uint64_t>& lost);
  ~LogOutput() override;
  LogOutput(const LogOutput&) = delete;
  LogOutput& operator=(const LogOutput&) = delete;

  // Any thread. The file is opened anew before the next line or flush; a standard stream ignores it.
  void request_reopen() { reopen_ = true; }
  // Any thread. From then on a line is lost rather than waited for when the output is blocked.
  void stop_waiting_at(TimePoint deadline) { deadline_ = deadline.time_since_epoch(); }

 protected:
  void sink_it_(const spdlog::details::log_msg& msg) override;
  void flush_() override { reopen_if_requested(); }

 private:
  void reopen_if_requested();
  void write(std::string_view text);
  bool wait_until_writable() const;

  int fd_;
  std::string path_;  // empty for the standard streams
  std::atomic<std::uint64_t>& lost_;
  std::atomic<bool> reopen_{false};
  std::atomic<Duration> deadline_{Duration::max()};
};

}  // namespace fwd
