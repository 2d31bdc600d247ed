#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include "telemetry/metrics_collector.h"

namespace fwd {
namespace {

using prometheus::MetricType;

// Of /proc/self/stat, in its own units: see proc(5).
struct ProcStat {
  double cpu_ticks = 0;
  double start_ticks = 0;  // since boot
  double virtual_bytes = 0;
  double resident_pages = 0;
};

std::optional<ProcStat> read_proc_stat() {
  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  // The second field is the command's name in parentheses and may hold anything; the third follows the last
  // ')'.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(name_end + 1));
  const std::vector<std::string> field{std::istream_iterator<std::string>(fields), {}};
  const auto number = [&field](std::size_t proc_number) { return std::stod(field.at(proc_number - 3)); };
  if (field.size() < 22) return std::nullopt;
  return ProcStat{number(14) + number(15), number(22), number(23), number(24)};
}

std::optional<double> read_boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("btime ")) return std::stod(line.substr(6));
  }
  return std::nullopt;
}

std::optional<double> count_open_fds() {
  constexpr const char* kPath = "/proc/self/fd";
  // Linux 6.2 and later tell the number in the size; to list a hundred thousand entries takes a while.
  struct stat info {};
  if (::stat(kPath, &info) == 0 && info.st_size > 0) return static_cast<double>(info.st_size);
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(kPath), ::closedir);
  if (!directory) return std::nullopt;
  double entries = 0;
  while (::readdir(directory.get()) != nullptr) ++entries;
  return entries - 3;  // ".", ".." and the descriptor of the directory itself
}

std::optional<double> read_max_fds() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  return static_cast<double>(limit.rlim_cur);
}

void append(std::string name, MetricType type, std::string help, std::optional<double> value, Families& out) {
  if (!value) return;
  prometheus::MetricFamily& family = out.emplace_back();
  family = {std::move(name), std::move(help), type, {}};
  Series(family, {}).add(*value);
}

void append_usage(const ProcStat& stat, Families& out) {
  const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto page_size_bytes = static_cast<double>(::sysconf(_SC_PAGESIZE));
  static const std::optional<double> boot_time = read_boot_time();
  std::optional<double> start_time;
  if (boot_time) start_time = *boot_time + stat.start_ticks / ticks_per_second;
  append("process_cpu_seconds_total", MetricType::Counter, "User and system CPU time.",
         stat.cpu_ticks / ticks_per_second, out);
  append("process_resident_memory_bytes", MetricType::Gauge, "Resident memory.",
         stat.resident_pages * page_size_bytes, out);
  append("process_virtual_memory_bytes", MetricType::Gauge, "Virtual memory.", stat.virtual_bytes, out);
  append("process_start_time_seconds", MetricType::Gauge, "When the process started, in Unix time.",
         start_time, out);
}

}  // namespace

void append_process_metrics(Families& out) {
  if (const auto stat = read_proc_stat()) append_usage(*stat, out);
  append("process_open_fds", MetricType::Gauge, "Open file descriptors.", count_open_fds(), out);
  append("process_max_fds", MetricType::Gauge, "The soft limit of file descriptors.", read_max_fds(), out);
}

}  // namespace fwd
