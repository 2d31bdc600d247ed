#include "net/socket.h"

#include <gmock/gmock.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>

#include "net/sockets.h"

namespace fwd {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(SocketAddressTest, GivesBackTheEndpointItWasMadeOf) {
  for (const char* address : {"0.0.0.0", "127.0.0.1", "255.255.255.255", "::", "::1", "2001:db8::ff"}) {
    for (const std::uint16_t port : std::initializer_list<std::uint16_t>{0, 1, 65535}) {
      const Endpoint endpoint{ip(address), port};
      EXPECT_EQ(to_string(SocketAddress(endpoint).endpoint()), to_string(endpoint));
    }
  }
}

TEST(SocketAddressTest, ShowsAMappedAddressAsIpv4) {
  Endpoint mapped{.ip = {.v6 = true}, .port = 80};
  mapped.ip.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4};
  EXPECT_EQ(to_string(SocketAddress(mapped).endpoint()), "1.2.3.4:80");
}

std::string listen_error(const Endpoint& endpoint, bool shared = false) {
  ListenOptions options;
  options.shared = shared;
  return listen_tcp(endpoint, options).error;
}

TEST(ListenTcpTest, SaysWhyItCannotListen) {
  const Fd taken = listen_on(loopback());
  EXPECT_THAT(listen_error(local_endpoint(taken.get())), HasSubstr("in use"));
  EXPECT_THAT(listen_error({ip("203.0.113.1"), 0}), HasSubstr("assign"));
}

TEST(ListenTcpTest, SharesAPortOnlyWhenAskedTo) {
  ListenOptions options;
  options.shared = true;
  const ListenResult first = listen_tcp(loopback(), options);
  const Endpoint endpoint = local_endpoint(first.fd.get());
  EXPECT_NE(endpoint.port, 0);
  EXPECT_THAT(listen_error(endpoint, true), IsEmpty());
  EXPECT_THAT(listen_error(endpoint, false), HasSubstr("in use"));
}

// The mapped form of 127.0.0.1, so that IPv4 on an IPv6 socket can be seen on loopback alone.
TEST(ListenTcpTest, TakesIpv4OnAnIpv6SocketOnlyWithDualStack) {
  Endpoint mapped{.ip = {.v6 = true}, .port = 0};
  mapped.ip.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
  EXPECT_NE(listen_error(mapped), "");

  ListenOptions options;
  options.dual_stack = true;
  const auto [listener, error] = listen_tcp(mapped, options);
  ASSERT_EQ(error, "");
  const Endpoint seen = local_endpoint(listener.get());
  EXPECT_EQ(seen.ip, ip("127.0.0.1"));
  const Fd client = connect_to(seen);
  EXPECT_TRUE(accept_from(listener.get()));
}

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  ::getsockopt(fd, level, name, &value, &size);
  return value;
}

TEST(ListenTcpTest, AcceptedSocketsInheritNoDelayAndKeepalive) {
  ListenOptions options;
  options.keepalive = {std::chrono::seconds(60), std::chrono::milliseconds(9500), 4};
  const auto [listener, error] = listen_tcp(loopback(), options);
  const Fd client = connect_to(local_endpoint(listener.get()));
  const Fd accepted = accept_from(listener.get());
  EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(option(accepted.get(), SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_KEEPIDLE), 60);
  EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_KEEPINTVL), 10) << "rounded up";
  EXPECT_EQ(option(accepted.get(), IPPROTO_TCP, TCP_KEEPCNT), 4);
}

class ListenUnixTest : public testing::Test {
 protected:
  ListenUnixTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fwd-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
    path = directory / "socket";
  }
  ~ListenUnixTest() override { std::filesystem::remove_all(directory); }

  // A socket of another program at the path.
  Fd occupy(int type) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof(address.sun_path) - 1);
    Fd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  std::string error() const { return listen_unix(path.string(), 1).error; }

  std::filesystem::path directory;
  std::filesystem::path path;
};

TEST_F(ListenUnixTest, GivesOwnerAndGroupAccess) {
  const ListenResult listener = listen_unix(path.string(), 1);
  ASSERT_EQ(listener.error, "");
  struct stat found {};
  ASSERT_EQ(::stat(path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0660U);
  EXPECT_TRUE(S_ISSOCK(found.st_mode));
}

TEST_F(ListenUnixTest, RemovesAStalePath) {
  occupy(SOCK_STREAM).reset();
  EXPECT_EQ(error(), "");
}

TEST_F(ListenUnixTest, LeavesALivePathAlone) {
  const ListenResult live = listen_unix(path.string(), 1);
  EXPECT_THAT(error(), HasSubstr("in use"));
  EXPECT_THAT(error(), HasSubstr("in use")) << "also when its queue is full";
  EXPECT_TRUE(std::filesystem::is_socket(path));
}

TEST_F(ListenUnixTest, LeavesALiveDatagramSocketAlone) {
  const Fd log = occupy(SOCK_DGRAM);
  EXPECT_THAT(error(), HasSubstr("in use"));
  EXPECT_TRUE(std::filesystem::is_socket(path));
}

TEST_F(ListenUnixTest, NeverTakesALivePathForStaleWithoutADescriptorToAskWith) {
  const ListenResult live = listen_unix(path.string(), 1);
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const rlimit none{0, limit.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  const std::string message = error();
  ::setrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_THAT(message, HasSubstr("open files"));
  EXPECT_TRUE(std::filesystem::is_socket(path));
}

TEST_F(ListenUnixTest, SaysWhyItCannotListen) {
  std::filesystem::create_directory(path);
  EXPECT_THAT(error(), HasSubstr("not a socket"));
  EXPECT_THAT(listen_unix(directory / "missing" / "socket", 1).error, HasSubstr("No such file"));
  EXPECT_THAT(listen_unix(std::string(200, 'x'), 1).error, HasSubstr("107 bytes"));
}

TEST_F(ListenUnixTest, TellsNoAddressOfAClient) {
  const ListenResult listener = listen_unix(path.string(), 1);
  EXPECT_EQ(local_endpoint(listener.fd.get()), Endpoint());
}

TEST(DialErrorTest, SaysWhetherTheBackendOrThisMachineIsAtFault) {
  struct Case {
    int error;
    DialError expected;
  };
  const Case cases[] = {
      {ECONNREFUSED, DialError::refused},
      {ETIMEDOUT, DialError::timeout},
      {ENETUNREACH, DialError::unreachable},
      {EHOSTUNREACH, DialError::unreachable},
      {EHOSTDOWN, DialError::unreachable},
      {ENETDOWN, DialError::unreachable},
      {ECONNRESET, DialError::reset},
      {EPIPE, DialError::reset},
      {EMFILE, DialError::local},
      {ENFILE, DialError::local},
      {ENOBUFS, DialError::local},
      {ENOMEM, DialError::local},
      {EADDRNOTAVAIL, DialError::local},
      {EADDRINUSE, DialError::local},
      {EAGAIN, DialError::local},
      {EACCES, DialError::other},
      {EPROTO, DialError::other},
  };
  for (const auto& [error, expected] : cases) {
    EXPECT_EQ(classify_dial_error(error), expected) << "errno " << error;
  }
}

}  // namespace
}  // namespace fwd
