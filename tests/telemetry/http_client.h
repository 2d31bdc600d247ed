#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

namespace fwd::test {

// A connection to a port of the loopback address: bytes out, everything back.
class HttpClient {
 public:
  explicit HttpClient(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in peer{};
    peer.sin_family = AF_INET;
    peer.sin_port = htons(static_cast<std::uint16_t>(port));
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) == 0;
  }
  ~HttpClient() { ::close(fd_); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  bool connected() const { return connected_; }

  bool send(const std::string& bytes) {
    return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }

  // Until the server closes; gives up after 20 s of silence.
  std::string receive_all() {
    std::string all;
    std::array<char, 65536> buffer;
    for (pollfd input{fd_, POLLIN, 0}; ::poll(&input, 1, 20'000) == 1;) {
      const ssize_t size = ::recv(fd_, buffer.data(), buffer.size(), 0);
      if (size <= 0) return all;
      all.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return all + "(the server did not close)";
  }

 private:
  int fd_;
  bool connected_ = false;
};

struct HttpResponse {
  std::string head;
  std::string body;
};

inline HttpResponse request(int port, const std::string& method, const std::string& path,
                            const std::string& headers = "") {
  HttpClient client(port);
  client.send(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
  const std::string all = client.receive_all();
  const std::size_t end = all.find("\r\n\r\n");
  if (end == std::string::npos) return {all, ""};
  return {all.substr(0, end + 2), all.substr(end + 4)};
}

}  // namespace fwd::test
