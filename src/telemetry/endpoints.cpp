#include "telemetry/endpoints.h"

#include <CivetServer.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <prometheus/text_serializer.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <stop_token>
#include <string_view>
#include <thread>

#include "telemetry/log.h"
#include "telemetry/metrics_collector.h"

namespace fwd {
namespace {

constexpr const char* kPlainText = "text/plain; charset=utf-8";
constexpr const char* kPrometheusText = "text/plain; version=0.0.4; charset=utf-8";

struct Response {
  int status = 200;
  std::string body;
  const char* content_type = kPlainText;
};

// Written by hand: civetweb's own headers have a date made with gmtime, which is not safe on several threads.
void send(mg_connection* connection, const Response& response, bool with_body = true) {
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + ' ' +
                     mg_get_response_code_text(connection, response.status) +
                     "\r\nContent-Type: " + response.content_type +
                     "\r\nContent-Length: " + std::to_string(response.body.size()) +
                     "\r\nCache-Control: no-store\r\nConnection: close\r\n";
  if (response.status == 405) text += "Allow: GET, HEAD\r\n";
  text += "\r\n";
  if (with_body) text += response.body;
  mg_write(connection, text.data(), text.size());
}

// Opens and drops connections to the port until it is asked to stop.
void knock(const std::stop_token& stop, const std::string& address, int port) {
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(static_cast<std::uint16_t>(port));
  const std::string host = address.substr(0, address.rfind(':'));
  if (::inet_pton(AF_INET, host.c_str(), &peer.sin_addr) != 1) peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  while (!stop.stop_requested()) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) return;
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    static_cast<void>(::connect(fd, reinterpret_cast<const sockaddr*>(&peer), sizeof peer));
    ::close(fd);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

class CivetEndpoints final : public Endpoints {
 public:
  CivetEndpoints(std::string address, std::string metrics_path, MetricSources sources)
      : address_(std::move(address)),
        metrics_path_(std::move(metrics_path)),
        snapshots_(sources.snapshots),
        collector_(std::move(sources)) {}
  ~CivetEndpoints() override;

  // Returns what went wrong, empty when nothing did.
  std::string listen();
  int port() const override { return port_; }

 private:
  static CivetEndpoints& self(const mg_connection* connection);
  static int on_request(mg_connection* connection);
  static int on_error(mg_connection* connection, int status, const char* message);
  static int on_message(const mg_connection* connection, const char* message);

  Response answer(std::string_view method, std::string_view path) const;
  Response metrics() const;
  Response readiness() const;
  std::string start_error();

  std::string address_;
  std::string metrics_path_;
  std::shared_ptr<const SnapshotBoard> snapshots_;
  MetricsCollector collector_;
  std::mutex mutex_;
  std::string first_message_;  // by civetweb; tells why a start has failed
  int port_ = 0;
  std::unique_ptr<CivetServer> server_;  // last: its threads use all of the above
};

std::string CivetEndpoints::listen() {
  // No keep-alive: a thread serves one connection at a time, and an idle client would hold it.
  const std::vector<std::string> options = {
      "listening_ports",    address_, "num_threads",      "3",    "connection_queue",         "16",
      "request_timeout_ms", "3000",   "max_request_size", "8192", "enable_auth_domain_check", "no",
      "enable_keep_alive",  "no"};
  CivetCallbacks callbacks;
  callbacks.begin_request = on_request;
  callbacks.http_error = on_error;
  callbacks.log_message = on_message;
  try {
    server_ = std::make_unique<CivetServer>(options, &callbacks, this);
  } catch (const CivetException&) {
    return start_error();
  }
  port_ = server_->getListeningPorts().at(0);
  return {};
}

CivetEndpoints::~CivetEndpoints() {
  if (!server_) return;
  // civetweb sees that it is to stop every two seconds, or when somebody connects.
  const std::jthread knocker(knock, address_, port_);
  server_.reset();
}

std::string CivetEndpoints::start_error() {
  std::string error = "cannot serve metrics on " + address_ + ": ";
  if (address_.starts_with('[') && mg_check_feature(MG_FEATURES_IPV6) == 0) {
    return error + "the civetweb library of this system is built without IPv6; use an IPv4 address";
  }
  const std::lock_guard lock(mutex_);
  return error + (first_message_.empty() ? "civetweb did not start" : first_message_);
}

CivetEndpoints& CivetEndpoints::self(const mg_connection* connection) {
  const auto* server = static_cast<const CivetServer*>(mg_get_user_context_data(connection));
  return *static_cast<CivetEndpoints*>(const_cast<void*>(server->getUserContext()));
}

int CivetEndpoints::on_request(mg_connection* connection) {
  const mg_request_info* request = mg_get_request_info(connection);
  const std::string_view method = request->request_method;
  const Response response = self(connection).answer(method, request->local_uri ? request->local_uri : "");
  send(connection, response, method != "HEAD");
  return response.status;
}

// A request that civetweb itself refuses: too long, too slow, not HTTP.
int CivetEndpoints::on_error(mg_connection* connection, int status, const char* message) {
  send(connection, {status, std::string(message) + '\n'});
  return 0;
}

int CivetEndpoints::on_message(const mg_connection* connection, const char* message) {
  log(LogModule::metrics, LogLevel::debug, message);
  CivetEndpoints& endpoints = self(connection);
  const std::lock_guard lock(endpoints.mutex_);
  if (endpoints.first_message_.empty()) endpoints.first_message_ = message;
  return 1;  // civetweb shall not write a log of its own
}

Response CivetEndpoints::answer(std::string_view method, std::string_view path) const {
  const bool known = path == metrics_path_ || path == "/healthz" || path == "/readyz";
  if (!known) return {404, "not found; there are " + metrics_path_ + ", /healthz and /readyz\n"};
  if (method != "GET" && method != "HEAD") return {405, "only GET and HEAD\n"};
  if (path == metrics_path_) return metrics();
  if (path == "/readyz") return readiness();
  return {200, "ok\n"};
}

Response CivetEndpoints::metrics() const {
  return {200, prometheus::TextSerializer().Serialize(collector_.Collect()), kPrometheusText};
}

Response CivetEndpoints::readiness() const {
  const auto snapshot = snapshots_->current();
  if (snapshot->ready) return {200, "ready\n"};
  return {503, snapshot->not_ready_reason + '\n'};
}

}  // namespace

std::unique_ptr<Endpoints> Endpoints::start(const std::string& address, const std::string& metrics_path,
                                            MetricSources sources, std::string& error) {
  auto endpoints = std::make_unique<CivetEndpoints>(address, metrics_path, std::move(sources));
  error = endpoints->listen();
  if (!error.empty()) return nullptr;
  return endpoints;
}

}  // namespace fwd
