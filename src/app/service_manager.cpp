#include "app/service_manager.h"

#ifdef FWD_WITH_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

namespace fwd {

#ifdef FWD_WITH_SYSTEMD

void notify_service_manager(const std::string& state) { sd_notify(0, state.c_str()); }

std::optional<Duration> watchdog_interval() {
  std::uint64_t limit_us = 0;
  if (sd_watchdog_enabled(0, &limit_us) <= 0) return std::nullopt;
  // Twice as often as needed, as sd_watchdog_enabled(3) advises.
  return std::chrono::microseconds(limit_us / 2);
}

#else

void notify_service_manager(const std::string&) {}
std::optional<Duration> watchdog_interval() { return std::nullopt; }

#endif

}  // namespace fwd
