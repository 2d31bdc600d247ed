#include "net/resolver.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "net/socket.h"

namespace fwd {
namespace {

IpAddress address_of(const sockaddr& address) {
  SocketAddress copy;
  const auto size = address.sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  std::copy_n(reinterpret_cast<const std::byte*>(&address), size, reinterpret_cast<std::byte*>(copy.get()));
  return copy.endpoint().ip;
}

}  // namespace

struct Lookup::Request {
  uv_getaddrinfo_t uv{};
  Lookup* owner = nullptr;
};

Lookup::~Lookup() {
  if (request_ == nullptr) return;
  request_->owner = nullptr;
  uv_cancel(reinterpret_cast<uv_req_t*>(&request_->uv));
}

void Lookup::start(const std::string& host, Done done) {
  done_ = std::move(done);
  auto request = std::make_unique<Request>();
  request->owner = this;
  request->uv.data = request.get();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_protocol = IPPROTO_TCP;
  request_ = request.release();
  // It fails at once for a name that is too long or without memory; its own callback then never comes.
  if (uv_getaddrinfo(loop_.uv(), &request_->uv, resolved, host.c_str(), nullptr, &hints) != 0) {
    delete std::exchange(request_, nullptr);
    refused_.start(Duration::zero());
  }
}

void Lookup::finish(std::optional<std::vector<IpAddress>> addresses) {
  const Done done = std::move(done_);
  done(std::move(addresses));
}

void Lookup::resolved(uv_getaddrinfo_t* uv, int status, addrinfo* answer) {
  const std::unique_ptr<Request> request(static_cast<Request*>(uv->data));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(answer, uv_freeaddrinfo);
  if (request->owner == nullptr) return;
  std::optional<std::vector<IpAddress>> addresses;
  if (status == 0) {
    addresses.emplace();
    for (const addrinfo* entry = answer; entry != nullptr; entry = entry->ai_next) {
      addresses->push_back(address_of(*entry->ai_addr));
    }
    std::ranges::sort(*addresses);
    addresses->erase(std::unique(addresses->begin(), addresses->end()), addresses->end());
  }
  request->owner->request_ = nullptr;
  request->owner->finish(std::move(addresses));
}

}  // namespace fwd
