#include "stop.h"

#include <csignal>

namespace fwd::bench {
namespace {

volatile std::sig_atomic_t requested = 0;

}  // namespace

void stop_on_sigterm() {
  struct sigaction action {};  // without SA_RESTART
  action.sa_handler = [](int) { requested = 1; };
  sigaction(SIGTERM, &action, nullptr);
}

bool stop_requested() { return requested != 0; }

}  // namespace fwd::bench
