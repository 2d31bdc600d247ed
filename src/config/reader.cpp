#include "config/reader.h"

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "config/checks.h"
#include "config/key_reader.h"
#include "config/services.h"
#include "config/yaml_tree.h"

namespace fwd {
namespace {

constexpr std::size_t kLargestListBytes = std::size_t{64} * 1024 * 1024;

Parsed<std::string> read_text(const std::string& path, std::size_t most_bytes) {
  using Result = Parsed<std::string>;
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string text;
  std::array<char, 65536> block{};
  while (in && text.size() <= most_bytes) {
    in.read(block.data(), block.size());
    text.append(block.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (!in.is_open() || in.bad()) {
    return Result::bad("cannot be read: " + std::generic_category().message(errno));
  }
  if (text.size() > most_bytes) {
    return Result::bad("too large; allowed: at most " + std::to_string(most_bytes) + " bytes");
  }
  return Result::ok(std::move(text));
}

// A path of the configuration is meant from the directory of the file.
std::string resolve(const std::string& path, const std::string& file) {
  return (std::filesystem::path(file).parent_path() / path).lexically_normal().string();
}

// A max_score that was not given follows from the weight.
void apply_weights(Draft& draft) {
  ScoringConfig& scoring = draft.service.remotes.scoring;
  const auto apply = [&draft](const char* path, double weight, double& max_score) {
    if (!draft.given.contains(path)) max_score = 100 * weight;
  };
  apply("remotes.scoring.latency.max_score", draft.weights.latency, scoring.latency.max_score);
  apply("remotes.scoring.jitter.max_score", draft.weights.jitter, scoring.jitter.max_score);
  apply("remotes.scoring.success_rate.max_score", draft.weights.success_rate, scoring.success_rate.max_score);
}

void complete(Draft& draft, const std::string& file) {
  apply_weights(draft);
  draft.service.remotes.file.path = resolve(draft.service.remotes.file.path, file);
}

bool names_a_file(const std::string& output) { return output != "stdout" && output != "stderr"; }

Config assemble(const Draft& top, const std::vector<Draft>& services, const std::string& file) {
  Config config;
  config.workers = top.service.server.workers;
  config.max_connections = top.service.server.max_connections;
  config.logging = top.logging;
  if (names_a_file(config.logging.output)) config.logging.output = resolve(config.logging.output, file);
  config.metrics = top.metrics;
  for (const Draft& draft : services) config.services.push_back(draft.service);
  return config;
}

ConfigResult parse_tree(const YamlNode* root, const std::string& file, Faults& faults) {
  Draft top;
  KeyReader reader(top, faults, "services");
  if (root != nullptr) reader.read(*root);
  std::vector<Draft> services = read_services(reader.own_value(), top, faults);
  for (Draft& draft : services) {
    complete(draft, file);
    check_service(draft, faults);
  }
  check_process(top, services, faults);
  return {assemble(top, services, file), faults.take(), find_warnings(services)};
}

}  // namespace

ConfigResult parse_config(std::string_view text, const std::string& file) {
  const YamlTree tree = parse_yaml(text);
  Faults faults(file);
  if (tree.fault) {
    faults.add(tree.fault->place, "", tree.fault->message);
    return {{}, faults.take(), {}};
  }
  return parse_tree(tree.root, file, faults);
}

ConfigResult read_config(const std::string& file) {
  const auto text = read_text(file, kLargestYamlBytes);
  if (!text.value) return {{}, {{file, 0, 0, "", text.wrong}}, {}};
  return parse_config(*text.value, file);
}

ListResult read_target_list(const std::string& path, std::uint16_t default_port) {
  ListResult result;
  const auto text = read_text(path, kLargestListBytes);
  if (!text.value) {
    result.unreadable = true;
    result.faults.push_back({path, 0, 0, "", text.wrong});
    return result;
  }
  result.list = parse_target_list(*text.value, default_port);
  for (const ListFault& fault : result.list.faults) {
    result.faults.push_back({path, fault.line, fault.column, "", fault.message});
  }
  return result;
}

}  // namespace fwd
