#include "app/command_line.h"

#include <signal.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "app/commands.h"
#include "core/log_level.h"

namespace fwd {
namespace {

void define(CLI::App& app, CommonOptions& common, bool& json) {
  app.set_version_flag("-V,--version", std::string("tcp-forwarder ") + FWD_VERSION);
  app.add_option("-c,--config", common.config_file, "Configuration file")->capture_default_str();
  const std::vector<std::string> levels(kLogLevelNames.begin(), kLogLevelNames.end());
  app.add_option("--log-level", common.log_level, "Overrides logging.level")->check(CLI::IsMember(levels));
  app.require_subcommand(0, 1);
  // -c and --log-level are understood before and after a subcommand.
  app.fallthrough();
  app.add_subcommand("check", "Read everything a run would read, print every fault")->fallthrough();
  app.add_subcommand("demo", "Forward to built-in backends on loopback; needs no files")->fallthrough();
  auto* probe = app.add_subcommand("probe", "Probe every candidate once and rank them")->fallthrough();
  probe->add_flag("--json", json, "Print JSON instead of a table");
  app.footer(
      "Without a command it runs.\nTCP_FORWARDER_LOG=selector=debug,probe=trace sets levels per module.");
}

}  // namespace

int run_command_line(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  CLI::App app("TCP forwarder and layer-4 load balancer that measures its backends", "tcp-forwarder");
  CommonOptions common;
  bool json = false;
  define(app, common, json);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitBadUsage;
  }
  if (app.got_subcommand("check")) return check_command(common);
  if (app.got_subcommand("demo")) return demo_command(common);
  if (app.got_subcommand("probe")) return probe_command(common, json);
  return run_command(common);
}

}  // namespace fwd
