#include "app/demo_backends.h"

#include <array>
#include <list>
#include <map>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "core/random.h"
#include "net/listener.h"
#include "net/mailbox.h"
#include "net/stream.h"
#include "net/timer.h"

namespace fwd {
namespace {

using std::chrono::milliseconds;

// Uniform between the two.
struct Distance {
  milliseconds least;
  milliseconds most;
};

struct Kind {
  std::string_view name;
  std::string_view behaviour;
  Distance distance;
  bool flaps;
};

constexpr std::array kKinds = {
    Kind{"good-1", "2 ms away", {milliseconds(2), milliseconds(3)}, false},
    Kind{"good-2", "5 ms away", {milliseconds(5), milliseconds(6)}, false},
    Kind{"slow", "250 ms away", {milliseconds(250), milliseconds(255)}, false},
    Kind{"jittery", "anything from 10 to 400 ms away", {milliseconds(10), milliseconds(400)}, false},
    Kind{"flapping", "1 ms away; 20 s up, 15 s down", {milliseconds(1), milliseconds(2)}, true},
};
constexpr Duration kUp = std::chrono::seconds(20);
constexpr Duration kDown = std::chrono::seconds(15);
constexpr Endpoint kAnyPort{IpAddress{false, {127, 0, 0, 1}}, 0};

// Answers each chunk that it reads with a small page that names the backend.
class Visitor final : private Stream::Owner {
 public:
  Visitor(std::unique_ptr<SocketStream> stream, std::string page, std::function<void(Visitor&)> gone)
      : stream_(std::move(stream)), page_(std::move(page)), gone_(std::move(gone)) {
    stream_->set_owner(this);
  }

 private:
  void on_stream(Stream& stream) override {
    std::array<std::byte, 4096> scratch;
    while (stream.readable()) {
      const IoResult got = stream.read(scratch);
      if (got.status == IoResult::Status::would_block) return;
      const bool answered = got.status == IoResult::Status::ok &&
                            stream.write(std::as_bytes(std::span(page_))).status == IoResult::Status::ok;
      if (!answered) return gone_(*this);
    }
  }

  std::unique_ptr<SocketStream> stream_;
  std::string page_;
  std::function<void(Visitor&)> gone_;
};

class Backend final : private Listener::Owner {
 public:
  Backend(Loop& loop, Poller& poller, const Kind& kind)
      : poller_(poller), kind_(kind), timer_(loop, [this] { flap(); }), endpoint_(kAnyPort) {
    open();
    if (kind.flaps) timer_.start(kUp);
  }

  const Endpoint& endpoint() const { return endpoint_; }

 private:
  void open() {
    ListenResult result =
        listen_tcp(endpoint_, {.keepalive = {std::chrono::seconds(60), std::chrono::seconds(10), 3}});
    if (!result.fd) return;  // somebody took the port while it was down: it stays down
    endpoint_ = local_endpoint(result.fd.get());
    Listener::Owner& self = *this;
    listener_.emplace(poller_, std::move(result.fd), self);
    if (listener_->watch()) listener_->resume();
  }

  void flap() {
    const bool up = listener_.has_value();
    if (up) {
      listener_.reset();
      visitors_.clear();
    } else {
      open();
    }
    timer_.start(up ? kDown : kUp);
  }

  bool may_accept() override { return true; }
  void nobody_accepted() override {}
  void accept_failed(bool) override {}
  void accepted(Fd fd, const Endpoint&) override {
    auto stream = std::make_unique<SocketStream>(poller_, std::move(fd));
    if (!stream->watch()) return;
    visitors_.emplace_back(std::move(stream), page(), [this](Visitor& visitor) {
      visitors_.remove_if([&visitor](const Visitor& other) { return &other == &visitor; });
    });
  }

  std::string page() const {
    const std::string body = "hello from " + std::string(kind_.name) + "\n";
    return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }

  Poller& poller_;
  const Kind& kind_;
  Timer timer_;
  Endpoint endpoint_;
  std::optional<Listener> listener_;
  std::list<Visitor> visitors_;
};

}  // namespace

class DemoBackends::Server {
 public:
  Server() : poller_(loop_), stop_(loop_, [this](char&) { loop_.stop(); }) {
    for (const Kind& kind : kKinds) backends_.emplace_back(loop_, poller_, kind);
  }
  void run() { loop_.run(); }
  void stop() { stop_.post('.'); }
  const std::list<Backend>& backends() const { return backends_; }

 private:
  Loop loop_;
  Poller poller_;
  Mailbox<char> stop_;
  std::list<Backend> backends_;
};

DemoBackends::DemoBackends() : server_(std::make_unique<Server>()) {
  const Kind* kind = kKinds.data();
  for (const Backend& backend : server_->backends()) {
    list_.push_back({backend.endpoint(), std::string(kind->name), std::string(kind->behaviour)});
    ++kind;
  }
  thread_ = std::thread([this] { server_->run(); });
}

DemoBackends::~DemoBackends() {
  server_->stop();
  thread_.join();
}

std::function<Duration(const Endpoint&)> DemoBackends::delay() const {
  std::map<Endpoint, Distance> distances;
  for (std::size_t i = 0; i < list_.size(); ++i) distances.emplace(list_[i].endpoint, kKinds[i].distance);
  return [distances](const Endpoint& endpoint) -> Duration {
    thread_local Random random(
        static_cast<std::uint64_t>(std::hash<std::thread::id>{}(std::this_thread::get_id())));
    const auto found = distances.find(endpoint);
    if (found == distances.end()) return Duration::zero();
    const Duration least = found->second.least;
    const Duration spread = found->second.most - found->second.least;
    return least + Duration(static_cast<Duration::rep>(random.unit() * static_cast<double>(spread.count())));
  };
}

}  // namespace fwd
