#include "app/forwarder.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <string_view>
#include <thread>
#include <vector>

#include "config/reader.h"
#include "net/socket.h"

namespace fwd {
namespace {

const Endpoint kLoopback{IpAddress{false, {127, 0, 0, 1}}, 0};

class StaticProvider final : public Provider {
 public:
  explicit StaticProvider(std::vector<BackendId> backends) : backends_(std::move(backends)) {}
  std::string start(OnChange on_change) override {
    on_change({backends_, {}});
    return {};
  }
  bool settled() const override { return true; }

 private:
  std::vector<BackendId> backends_;
};

// A socket that listens and, with `echoing`, answers each connection with what it sends.
class TestBackend {
 public:
  explicit TestBackend(bool echoing)
      : fd_(listen_tcp(kLoopback, {}).fd), endpoint_(local_endpoint(fd_.get())) {
    if (echoing) thread_ = std::thread([this] { echo(); });
  }
  ~TestBackend() {
    ::shutdown(fd_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
  }
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  void echo() {
    std::vector<pollfd> watched{{fd_.get(), POLLIN, 0}};
    std::vector<Fd> clients;
    for (;;) {
      ::poll(watched.data(), watched.size(), -1);
      if ((watched[0].revents & POLLHUP) != 0) return;
      if ((watched[0].revents & POLLIN) != 0) {
        clients.emplace_back(::accept(fd_.get(), nullptr, nullptr));
        watched.push_back({clients.back().get(), POLLIN, 0});
      }
      for (std::size_t i = 1; i < watched.size(); ++i) {
        std::array<char, 4096> buffer;
        if (watched[i].fd < 0 || watched[i].revents == 0) continue;
        const ssize_t got = ::recv(watched[i].fd, buffer.data(), buffer.size(), 0);
        if (got > 0) {
          ::send(watched[i].fd, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
        } else {
          watched[i].fd = -1;
        }
      }
    }
  }

  Fd fd_;
  Endpoint endpoint_;
  std::thread thread_;
};

class ForwarderTest : public ::testing::Test {
 protected:
  // Runs until the test stops it; one worker count and one set of backends a call.
  void start(std::vector<BackendId> backends, unsigned workers) {
    Config config = parse_config({}, "config.yaml").config;
    config.workers = workers;
    config.metrics.enabled = false;
    config.services.front().server.listen = {{ListenAddress::Kind::tcp, kLoopback, false, ""}};
    config.services.front().pools.drain_timeout = std::chrono::milliseconds(100);
    const auto make_provider = [backends](Loop&, const ServiceConfig&) {
      return std::make_unique<StaticProvider>(backends);
    };
    forwarder_ = std::make_unique<Forwarder>(
        std::move(config),
        Forwarder::Options{.dial_delay = delay_, .make_provider = make_provider, .handle_signals = false});
    const auto error = forwarder_->start();
    ASSERT_FALSE(error.has_value()) << error->message;
    const std::string address = forwarder_->addresses().front().front();
    port_ = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }

  Fd connect() const {
    Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const SocketAddress to(Endpoint{kLoopback.ip, port_});
    EXPECT_EQ(::connect(fd.get(), to.get(), to.size()), 0);
    return fd;
  }

  static std::string exchange(const Fd& fd, std::string_view text) {
    EXPECT_EQ(::send(fd.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    std::string reply(text.size(), '\0');
    EXPECT_EQ(::recv(fd.get(), reply.data(), reply.size(), MSG_WAITALL), static_cast<ssize_t>(text.size()));
    return reply;
  }

  std::function<Duration(const Endpoint&)> delay_;
  std::unique_ptr<Forwarder> forwarder_;
  std::uint16_t port_ = 0;
};

TEST_F(ForwarderTest, ForwardsAndEndsCleanlyAgainAndAgain) {
  const TestBackend backend(true);
  for (const unsigned workers : {1U, 2U, 1U, 3U}) {
    start({{backend.endpoint()}}, workers);
    std::thread client([this] {
      std::vector<Fd> clients;
      for (int i = 0; i < 8; ++i) clients.push_back(connect());
      for (const Fd& fd : clients) EXPECT_EQ(exchange(fd, "hello"), "hello");
      clients.clear();
      forwarder_->stop();
    });
    forwarder_->run();
    client.join();
    forwarder_.reset();
  }
}

TEST_F(ForwarderTest, ASecondStopCutsSessionsAndDialsInEveryState) {
  const TestBackend backend(true);
  // The second client's dial is held in flight by a delay that outlasts the test.
  std::atomic<bool> far{false};
  delay_ = [&far](const Endpoint&) -> Duration { return far ? std::chrono::hours(1) : Duration::zero(); };
  start({{backend.endpoint()}}, 1);
  std::thread client([&] {
    const Fd relaying = connect();
    EXPECT_EQ(exchange(relaying, "x"), "x");
    far = true;
    const Fd dialling = connect();
    forwarder_->stop();
    forwarder_->stop();
    for (const Fd* fd : {&relaying, &dialling}) {
      char byte = 0;
      EXPECT_EQ(::recv(fd->get(), &byte, 1, 0), -1);
      EXPECT_EQ(errno, ECONNRESET);
    }
  });
  forwarder_->run();
  client.join();
}

TEST_F(ForwarderTest, AClientWithoutAnyBackendIsReset) {
  Endpoint nobody = kLoopback;
  {
    const auto taken = bind_tcp(kLoopback, {});
    nobody = local_endpoint(taken.fd.get());
  }
  start({{nobody}}, 1);
  std::thread client([this] {
    const Fd fd = connect();
    char byte = 0;
    EXPECT_EQ(::recv(fd.get(), &byte, 1, 0), -1);
    EXPECT_EQ(errno, ECONNRESET);
    forwarder_->stop();
  });
  forwarder_->run();
  client.join();
}

}  // namespace
}  // namespace fwd
