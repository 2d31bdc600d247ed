#pragma once

#include <optional>
#include <string>

#include "core/time.h"

namespace fwd {

// Tells systemd how the process is doing, through libsystemd; does nothing where that is not built in or the
// process was not started by a service manager.
void notify_service_manager(const std::string& state);
// How often a sign of life is wanted; nothing when no watchdog is set.
std::optional<Duration> watchdog_interval();

}  // namespace fwd
