#include "telemetry/log_output.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace fwd {
namespace {

constexpr int kPollSliceMs = 50;
constexpr mode_t kFileMode = 0640;

// Not blocking, so that a FIFO without a reader is an error and not a hang.
int open_file(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, kFileMode);
}

std::string cannot(std::string_view verb, const std::string& path) {
  const int code = errno;
  return "cannot " + std::string(verb) + " the log " + path + ": " + std::generic_category().message(code);
}

}  // namespace

std::shared_ptr<LogOutput> LogOutput::open(const std::string& name, std::atomic<std::uint64_t>& lost,
                                           std::string& error) {
  if (name == "stdout") return std::make_shared<LogOutput>(STDOUT_FILENO, "", lost);
  if (name == "stderr") return std::make_shared<LogOutput>(STDERR_FILENO, "", lost);
  const int fd = open_file(name);
  if (fd >= 0) return std::make_shared<LogOutput>(fd, name, lost);
  error = cannot("open", name);
  return nullptr;
}

LogOutput::LogOutput(int fd, std::string path, std::atomic<std::uint64_t>& lost)
    : fd_(fd), path_(std::move(path)), lost_(lost) {}

LogOutput::~LogOutput() {
  if (!path_.empty()) ::close(fd_);
}

// What is thrown here goes to the error handler of the logger.
void LogOutput::sink_it_(const spdlog::details::log_msg& msg) {
  reopen_if_requested();
  try {
    write({msg.payload.data(), msg.payload.size()});
  } catch (const spdlog::spdlog_ex&) {
    lost_.fetch_add(1, std::memory_order_relaxed);
    throw;
  }
}

void LogOutput::reopen_if_requested() {
  if (!reopen_.exchange(false) || path_.empty()) return;
  const int fd = open_file(path_);
  if (fd < 0) throw spdlog::spdlog_ex(cannot("reopen", path_) + "; going on with the old file");
  ::close(fd_);
  fd_ = fd;
}

void LogOutput::write(std::string_view text) {
  while (!text.empty()) {
    if (!wait_until_writable()) throw spdlog::spdlog_ex("the output of the log is blocked; lines are lost");
    const ssize_t written = ::write(fd_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EAGAIN && errno != EINTR) {
      throw spdlog::spdlog_ex(cannot("write to", path_));
    }
  }
}

bool LogOutput::wait_until_writable() const {
  pollfd output{fd_, POLLOUT, 0};
  for (;;) {
    const bool late = std::chrono::steady_clock::now().time_since_epoch() >= deadline_.load();
    // Errors and hang-ups count as writable: the write says what is wrong.
    if (::poll(&output, 1, late ? 0 : kPollSliceMs) != 0) return true;
    if (late) return false;
  }
}

}  // namespace fwd
