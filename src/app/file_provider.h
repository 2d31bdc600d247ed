#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "app/provider.h"
#include "config/config.h"
#include "config/reader.h"
#include "core/candidates.h"
#include "net/file_watch.h"
#include "net/resolver.h"
#include "net/timer.h"

namespace fwd {

// Candidates from a list file: read at start, again when it changes (with `watch`); its host names are
// resolved now and every resolve_interval.
class FileProvider final : public Provider {
 public:
  FileProvider(Loop& loop, std::string service, const RemotesConfig& config);
  ~FileProvider() override;

  std::string start(OnChange on_change) override;
  bool settled() const override { return unanswered_ == 0 && !update_timer_.armed(); }

 private:
  struct Host;

  std::string read();
  void reread();
  void follow_hosts();
  void resolve_all();
  void resolved(const HostTarget& target, const std::optional<std::vector<IpAddress>>& addresses);
  void update();
  void say(std::string_view message, std::string_view detail) const;

  Loop& loop_;
  std::string service_;
  const RemotesConfig& config_;
  OnChange on_change_;
  TargetList list_;
  std::map<HostTarget, std::unique_ptr<Host>> hosts_;
  std::size_t unanswered_ = 0;  // hosts without a first answer
  std::set<BackendId> current_;
  Timer resolve_timer_;
  Timer update_timer_;  // gathers the answers of one pass of the loop
  std::unique_ptr<FileWatch> watch_;
};

std::unique_ptr<Provider> make_file_provider(Loop& loop, const ServiceConfig& service);

}  // namespace fwd
