#pragma once

#include "core/backend.h"
#include "core/dial_result.h"
#include "core/time.h"

namespace fwd {

// Hears how every dial went, for the scores, and how idle links end, for the pools. Dials that a leaving
// client cancelled are not reported.
class DialObserver {
 public:
  virtual void dial_succeeded(BackendKey key, Duration elapsed) = 0;
  virtual void dial_failed(BackendKey key, DialError error) = 0;
  // Another member answered first although this one had dial_stagger to itself: no failure, but a doubt.
  virtual void dial_overtaken(BackendKey key) = 0;
  // The backend closed a link of that age that waited for a session.
  virtual void idle_closed(BackendKey key, Duration age) = 0;

 protected:
  ~DialObserver() = default;
};

}  // namespace fwd
