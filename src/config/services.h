#pragma once

#include <vector>

#include "config/draft.h"
#include "config/yaml_tree.h"

namespace fwd {

// The drafts of the services: an entry of `list` each, on top of a copy of `top`; `top` itself as the one
// service when there is no list.
std::vector<Draft> read_services(const YamlNode* list, const Draft& top, Faults& faults);

}  // namespace fwd
