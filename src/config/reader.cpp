#include "config/reader.h"

#include <filesystem>

#include "config/checks.h"
#include "config/key_reader.h"
#include "config/services.h"
#include "config/text_file.h"
#include "config/yaml_tree.h"

namespace fwd {
namespace {

constexpr std::size_t kLargestListBytes = std::size_t{64} * 1024 * 1024;

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
  RemotesConfig& remotes = draft.service.remotes;
  remotes.file.path = resolve(remotes.file.path, file);
  for (std::string* path : {&remotes.tls.ca_file, &remotes.tls.cert_file, &remotes.tls.key_file}) {
    if (!path->empty()) *path = resolve(*path, file);
  }
}

bool names_a_file(const std::string& output) { return output != "stdout" && output != "stderr"; }

Config assemble(const Draft& top, const std::vector<Draft>& services, const std::string& file) {
  Config config;
  config.workers = top.service.server.workers;
  config.worker_cpu_affinity = top.service.server.worker_cpu_affinity;
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
  Warnings warnings;
  for (Draft& draft : services) {
    complete(draft, file);
    check_service(draft, faults);
    check_tls(draft, faults, warnings);
  }
  check_process(top, services, faults);
  find_warnings(services, warnings);
  return {assemble(top, services, file), faults.take(), warnings.take()};
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
