#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "config/reader.h"

namespace fwd {

// A configuration that is wrong, and every fault that is told of it, as "LINE:COLUMN: key: message".
struct BrokenConfig {
  std::string name;
  std::string text;
  std::vector<std::string> faults;
};

inline std::ostream& operator<<(std::ostream& out, const BrokenConfig& broken) { return out << broken.name; }

inline std::string broken_name(const testing::TestParamInfo<BrokenConfig>& info) { return info.param.name; }

inline std::vector<std::string> faults_of(const ConfigResult& result, const std::string& file) {
  std::vector<std::string> texts;
  for (const ConfigFault& fault : result.faults) texts.push_back(to_string(fault).substr(file.size() + 1));
  return texts;
}

// The one test is in broken_config_test.cpp; the tables are beside it, a file for each kind of mistake.
class BrokenConfigTest : public testing::TestWithParam<BrokenConfig> {};

}  // namespace fwd
