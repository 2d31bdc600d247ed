#pragma once

namespace fwd {

// Exit codes.
inline constexpr int kExitOk = 0;
inline constexpr int kExitCannotRun = 1;  // a port is taken, the descriptor limit is too low
inline constexpr int kExitBadUsage = 2;   // bad usage or configuration

// The whole program: reads the arguments, does what they say, returns the exit code.
int run_command_line(int argc, char** argv);

}  // namespace fwd
