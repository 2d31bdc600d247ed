#include "app/listen_sockets.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "net/socket.h"

namespace fwd {
namespace {

std::string cannot_listen(const ServiceConfig& service, const ListenAddress& address,
                          const std::string& why) {
  return "service " + service.name + " cannot listen on " + to_string(address) + ": " + why;
}

}  // namespace

void ListenSockets::remove_unix_paths() {
  for (const UnixPath& bound : unix_paths_) {
    struct stat now {};
    const bool ours =
        ::lstat(bound.path.c_str(), &now) == 0 && now.st_dev == bound.device && now.st_ino == bound.inode;
    if (ours) ::unlink(bound.path.c_str());
  }
  unix_paths_.clear();
}

std::string ListenSockets::open(const Config& config, std::size_t workers, const std::vector<int>& cpus) {
  sockets.resize(workers);
  for (auto& services : sockets) services.resize(config.services.size());
  addresses.resize(config.services.size());
  for (std::size_t i = 0; i < config.services.size(); ++i) {
    const ServiceConfig& service = config.services[i];
    for (const ListenAddress& address : service.server.listen) {
      const bool tcp = address.kind == ListenAddress::Kind::tcp;
      std::string error = tcp ? open_tcp(service, address, i, cpus) : open_unix(service, address, i);
      if (!error.empty()) return error;
    }
  }
  return {};
}

std::string ListenSockets::open_tcp(const ServiceConfig& service, const ListenAddress& address,
                                    std::size_t index, const std::vector<int>& cpus) {
  const KeepaliveConfig& keepalive = service.pools.keepalive;
  ListenOptions options{.dual_stack = address.dual_stack,
                        .shared = false,
                        .backlog = service.server.backlog,
                        .keepalive = {keepalive.idle, keepalive.interval, keepalive.count}};
  Endpoint endpoint = address.endpoint;
  {
    const ListenResult trial = bind_tcp(endpoint, options);
    if (!trial.fd) return cannot_listen(service, address, trial.error);
    endpoint = local_endpoint(trial.fd.get());
  }
  options.shared = sockets.size() > 1;
  // The port is what the trial found free; the address stays as written (a dual-stack one reads back
  // changed).
  endpoint.ip = address.endpoint.ip;
  for (std::size_t worker = 0; worker < sockets.size(); ++worker) {
    if (!cpus.empty()) options.cpu = cpus[worker];
    ListenResult result = listen_tcp(endpoint, options);
    if (!result.fd) return cannot_listen(service, address, result.error);
    sockets[worker][index].push_back(std::move(result.fd));
  }
  addresses[index].push_back(to_string(endpoint));
  return {};
}

std::string ListenSockets::open_unix(const ServiceConfig& service, const ListenAddress& address,
                                     std::size_t index) {
  const ListenResult result = listen_unix(address.path, service.server.backlog);
  if (!result.fd) return cannot_listen(service, address, result.error);
  struct stat bound {};
  if (::lstat(address.path.c_str(), &bound) == 0) {
    unix_paths_.push_back({address.path, bound.st_dev, bound.st_ino});
  }
  for (auto& services : sockets) {
    Fd copy(::fcntl(result.fd.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return cannot_listen(service, address, "no descriptor left");
    services[index].push_back(std::move(copy));
  }
  addresses[index].push_back(to_string(address));
  return {};
}

}  // namespace fwd
