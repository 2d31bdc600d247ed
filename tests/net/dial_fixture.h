#pragma once

#include <gtest/gtest.h>

#include "net/dial.h"
#include "net/run_until.h"
#include "net/sockets.h"

namespace fwd {

// A loop with everything that opens connections on it.
class DialFixture : public testing::Test {
 protected:
  Loop loop;
  Poller poller{loop};
  Deadlines deadlines{poller};
  DialContext context{poller, deadlines, {}};
};

}  // namespace fwd
