#include "telemetry/endpoints.h"

#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "telemetry/http_client.h"
#include "telemetry/sample_sources.h"

namespace fwd {
namespace {

using std::chrono::steady_clock;
using test::HttpClient;
using test::HttpResponse;
using test::request;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class EndpointsTest : public testing::Test {
 protected:
  EndpointsTest() {
    std::string error;
    endpoints_ = Endpoints::start("127.0.0.1:0", "/metrics", sample_.sources(), error);
    EXPECT_EQ(error, "");
    if (endpoints_) port_ = endpoints_->port();
  }

  void publish(bool ready, const char* reason) {
    Snapshot snapshot = sample_.snapshot();
    snapshot.ready = ready;
    snapshot.not_ready_reason = reason;
    sample_.board->publish(std::make_shared<Snapshot>(snapshot));
  }

  test::SampleSources sample_;
  std::unique_ptr<Endpoints> endpoints_;
  int port_ = 0;
};

TEST_F(EndpointsTest, ServesMetricsInTheTextFormatOfPrometheus) {
  const HttpResponse response = request(port_, "GET", "/metrics");
  EXPECT_THAT(response.head, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(response.head, HasSubstr("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(response.head,
              HasSubstr("\r\nContent-Length: " + std::to_string(response.body.size()) + "\r\n"));
  EXPECT_THAT(response.body, HasSubstr("\ntcp_forwarder_new_connections_total{service=\"web\"} 15\n"));
  EXPECT_THAT(response.body, HasSubstr("# TYPE tcp_forwarder_server_score gauge\n"));
}

TEST_F(EndpointsTest, EveryScrapeSeesTheCountersOfNow) {
  sample_.workers[0]->services[0].new_connections.add(100);
  EXPECT_THAT(request(port_, "GET", "/metrics?debug=1").body,
              HasSubstr("\ntcp_forwarder_new_connections_total{service=\"web\"} 115\n"));
}

TEST_F(EndpointsTest, HealthSaysThatTheProcessLives) {
  publish(false, "no backend answers");
  const HttpResponse response = request(port_, "GET", "/healthz");
  EXPECT_THAT(response.head, StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(response.body, "ok\n");
}

TEST_F(EndpointsTest, ReadinessFollowsTheSnapshotAndGivesTheReason) {
  EXPECT_THAT(request(port_, "GET", "/readyz").head, StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(request(port_, "GET", "/readyz").body, "ready\n");
  publish(false, "no backend answers");
  EXPECT_THAT(request(port_, "GET", "/readyz").head, StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(request(port_, "GET", "/readyz").body, "no backend answers\n");
}

TEST_F(EndpointsTest, HeadAnswersLikeGetWithoutABody) {
  for (const char* path : {"/healthz", "/readyz", "/metrics"}) {
    const HttpResponse response = request(port_, "HEAD", path);
    EXPECT_THAT(response.head, StartsWith("HTTP/1.1 200 OK\r\n")) << path;
    EXPECT_THAT(response.head, Not(HasSubstr("Content-Length: 0\r\n"))) << path;
    EXPECT_EQ(response.body, "") << path;
  }
}

TEST_F(EndpointsTest, OtherPathsAreNotFound) {
  for (const char* path :
       {"/", "/metric", "/metrics/", "/metrics/x", "/healthz/../etc/passwd", "/index.html"}) {
    const HttpResponse response = request(port_, "GET", path);
    EXPECT_THAT(response.head, StartsWith("HTTP/1.1 404 ")) << path;
    EXPECT_EQ(response.body, "not found; there are /metrics, /healthz and /readyz\n") << path;
  }
}

TEST_F(EndpointsTest, OtherMethodsAreNotAllowed) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
    const HttpResponse response = request(port_, method, "/metrics", "Content-Length: 0\r\n");
    EXPECT_THAT(response.head, StartsWith("HTTP/1.1 405 ")) << method;
    EXPECT_THAT(response.head, HasSubstr("\r\nAllow: GET, HEAD\r\n")) << method;
  }
}

TEST_F(EndpointsTest, HugeHeadersAndGarbageAreRefusedAndHurtNobody) {
  const std::string huge = "X-Huge: " + std::string(100'000, 'a') + "\r\n";
  EXPECT_THAT(request(port_, "GET", "/metrics", huge).head, Not(HasSubstr(" 200 ")));
  HttpClient garbage(port_);
  ASSERT_TRUE(garbage.send("\x16\x03\x01 not http\r\n\r\n"));
  EXPECT_THAT(garbage.receive_all(), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_EQ(request(port_, "GET", "/healthz").body, "ok\n");
}

TEST_F(EndpointsTest, SlowClientsAreCutOffAndOthersGetTheirTurn) {
  std::vector<std::unique_ptr<HttpClient>> slow;
  for (int i = 0; i < 4; ++i) {
    slow.push_back(std::make_unique<HttpClient>(port_));
    ASSERT_TRUE(slow.back()->send("GET /metrics HT"));
  }
  EXPECT_EQ(request(port_, "GET", "/healthz").body, "ok\n")
      << "though the slow ones hold all threads at first";
  EXPECT_THAT(slow.front()->receive_all(), Not(HasSubstr("(the server did not close)")));
}

TEST_F(EndpointsTest, ServesSeveralClientsAtOnce) {
  std::array<std::string, 8> heads;
  std::vector<std::jthread> clients;
  clients.reserve(heads.size());
  for (std::string& head : heads) {
    clients.emplace_back([this, &head] {
      for (int i = 0; i < 20; ++i) head = request(port_, "GET", "/metrics").head;
    });
  }
  for (int i = 0; i < 100; ++i) publish(true, "");
  clients.clear();
  for (const std::string& head : heads) EXPECT_THAT(head, StartsWith("HTTP/1.1 200 "));
}

TEST_F(EndpointsTest, ATakenPortIsAnErrorThatNamesTheAddress) {
  const std::string address = "127.0.0.1:" + std::to_string(port_);
  std::string error;
  EXPECT_EQ(Endpoints::start(address, "/metrics", sample_.sources(), error), nullptr);
  EXPECT_THAT(error, StartsWith("cannot serve metrics on " + address + ": "));
  EXPECT_THAT(error, HasSubstr("Address already in use"));
}

TEST_F(EndpointsTest, AnAddressThatIsNoneIsAnErrorThatNamesIt) {
  for (const char* address : {"127.0.0.1:99999", "nonsense", "203.0.113.1:0"}) {
    std::string error;
    EXPECT_EQ(Endpoints::start(address, "/metrics", sample_.sources(), error), nullptr) << address;
    EXPECT_THAT(error, HasSubstr(address));
  }
}

TEST_F(EndpointsTest, StopsWithoutDelayAndFreesThePort) {
  const auto before = steady_clock::now();
  endpoints_.reset();
  EXPECT_LT(steady_clock::now() - before, std::chrono::milliseconds(1000))
      << "civetweb alone takes up to 2 s";
  EXPECT_FALSE(HttpClient(port_).connected());
  std::string error;
  const std::string address = "127.0.0.1:" + std::to_string(port_);
  EXPECT_NE(Endpoints::start(address, "/metrics", sample_.sources(), error), nullptr) << error;
}

TEST_F(EndpointsTest, ServesMetricsOnThePathThatIsConfigured) {
  std::string error;
  const auto other = Endpoints::start("127.0.0.1:0", "/stats/prometheus", sample_.sources(), error);
  ASSERT_NE(other, nullptr) << error;
  EXPECT_THAT(request(other->port(), "GET", "/stats/prometheus").head, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(request(other->port(), "GET", "/metrics").head, StartsWith("HTTP/1.1 404 "));
}

}  // namespace
}  // namespace fwd
