#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

#include "config/config.h"
#include "net/fd.h"

namespace fwd {

// Every listening socket of the process, made before anything else runs so that a taken port fails at once
// and early clients wait in the queue. TCP: one socket a worker (SO_REUSEPORT) after a trial without it,
// since a second instance could bind the same port unnoticed. Unix: one socket, shared.
class ListenSockets {
 public:
  ListenSockets() = default;
  ~ListenSockets() { remove_unix_paths(); }
  ListenSockets(const ListenSockets&) = delete;
  ListenSockets& operator=(const ListenSockets&) = delete;

  // `cpus`: of each worker, when it has one. Returns why it cannot, empty when all is well.
  std::string open(const Config& config, std::size_t workers, const std::vector<int>& cpus);

  void remove_unix_paths();

  // sockets[worker][service], to be moved out.
  std::vector<std::vector<std::vector<Fd>>> sockets;
  // addresses[service]: where it listens, with the port that was given for port 0.
  std::vector<std::vector<std::string>> addresses;

 private:
  std::string open_tcp(const ServiceConfig& service, const ListenAddress& address, std::size_t index,
                       const std::vector<int>& cpus);
  std::string open_unix(const ServiceConfig& service, const ListenAddress& address, std::size_t index);

  // Another process may have put its own socket there meanwhile, so the file is remembered with the path.
  struct UnixPath {
    std::string path;
    dev_t device;
    ino_t inode;
  };
  std::vector<UnixPath> unix_paths_;
};

}  // namespace fwd
