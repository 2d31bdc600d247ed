#pragma once

#include <string>
#include <vector>

#include "config/draft.h"

namespace fwd {

// What can be said only once every key has been read. Keys whose own value was refused are left out.

// Keys of one service that do not go together.
void check_service(const Draft& draft, Faults& faults);

// Listeners that want the same address, and what concerns the endpoints of the process.
void check_process(const Draft& top, const std::vector<Draft>& services, Faults& faults);

// Client certificate and key of one service, and the files of remotes.tls where it is enabled.
void check_tls(const Draft& draft, Faults& faults, Warnings& warnings);

// Valid, but probably not what was meant.
void find_warnings(const std::vector<Draft>& services, Warnings& warnings);

}  // namespace fwd
