#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/backend.h"
#include "net/loop.h"

namespace fwd {

// What changed among the candidates of a service.
struct CandidateChange {
  std::vector<BackendId> added;
  std::vector<BackendId> removed;
};

// Where candidates come from. Lives on the control loop; destroying it stops it.
class Provider {
 public:
  using OnChange = std::function<void(const CandidateChange&)>;

  virtual ~Provider() = default;
  // Reads for the first time and begins to follow changes. Returns an error text when there is nothing that
  // a run could start with; empty otherwise. May call `on_change` before it returns.
  virtual std::string start(OnChange on_change) = 0;
  // True once everything in the first reading has been answered, host names included.
  virtual bool settled() const = 0;
};

using ProviderFactory = std::function<std::unique_ptr<Provider>(Loop&, const ServiceConfig&)>;

}  // namespace fwd
