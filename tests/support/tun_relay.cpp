// Joins two network namespaces and makes the IPv4 packets between them late, lossy or lost.
//
//   tun_relay NAMESPACE NAMESPACE
//
// Opens a TUN device named relay0 in each namespace and prints "ready"; the caller gives the devices
// addresses and brings them up. Then it takes one command a line from stdin, and answers each with "ok" or
// "error: ...". It ends with its stdin. A delay holds each way, so a round trip takes it twice.
//
//   delay MS             for every address that has no delay of its own
//   delay IP MS          to and from this address
//   alternate IP MS MS   TCP connections to this address take the two in turn, each for its whole life
//   loss IP PERCENT      this share of the packets to and from it is lost
//   drop IP on|off       all of them are lost

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Bytes = std::vector<unsigned char>;

constexpr std::size_t kMaxPacketBytes = 65536;
constexpr std::size_t kMaxQueuedPackets = 100'000;
constexpr int kPacketsPerWake = 64;

void check(bool ok, const std::string& what) {
  if (!ok) throw std::system_error(errno, std::generic_category(), what);
}

// A TUN device belongs to the namespace in which /dev/net/tun was opened.
int open_tun(const std::string& network_namespace) {
  const std::string path = "/run/netns/" + network_namespace;
  const int entry = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  check(entry >= 0, path);
  check(setns(entry, CLONE_NEWNET) == 0, "setns " + path);
  close(entry);
  const int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  check(tun >= 0, "/dev/net/tun");
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strcpy(request.ifr_name, "relay0");
  check(ioctl(tun, TUNSETIFF, &request) == 0, "TUNSETIFF in " + network_namespace);
  return tun;
}

// The fields of an IPv4 packet that rules look at; addresses stay in network order.
struct Header {
  std::uint32_t source = 0;
  std::uint32_t destination = 0;
  bool tcp = false;
  bool opens_connection = false;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint32_t sequence = 0;
};

template <typename Field>
Field field_at(const Bytes& packet, std::size_t offset) {
  Field field{};
  std::memcpy(&field, packet.data() + offset, sizeof field);
  return field;
}

bool parse(const Bytes& packet, Header& header) {
  if (packet.size() < 20 || packet[0] >> 4 != 4) return false;
  header.source = field_at<std::uint32_t>(packet, 12);
  header.destination = field_at<std::uint32_t>(packet, 16);
  const std::size_t tcp_at = std::size_t{4} * (packet[0] & 15u);
  header.tcp = packet[9] == IPPROTO_TCP && packet.size() >= tcp_at + 20;
  if (!header.tcp) return true;
  constexpr unsigned kSyn = 0x02;
  constexpr unsigned kAck = 0x10;
  header.opens_connection = (packet[tcp_at + 13] & (kSyn | kAck)) == kSyn;
  header.source_port = field_at<std::uint16_t>(packet, tcp_at);
  header.destination_port = field_at<std::uint16_t>(packet, tcp_at + 2);
  header.sequence = field_at<std::uint32_t>(packet, tcp_at + 4);
  return true;
}

struct Connection {
  std::uint32_t first_sequence;
  Clock::duration delay;
};

// What happens to the packets of one address.
struct Rule {
  std::vector<Clock::duration> delays;  // none: the common one; several: by connection, in turn
  std::size_t turn = 0;
  std::unordered_map<std::uint64_t, Connection> connections;
  bool dropped = false;
  double loss = 0;
};

Clock::duration connection_delay(Rule& rule, const Header& header, bool towards) {
  const std::uint64_t peer = towards ? header.source : header.destination;
  const std::uint64_t peer_port = towards ? header.source_port : header.destination_port;
  const std::uint64_t own_port = towards ? header.destination_port : header.source_port;
  const auto [found, added] =
      rule.connections.try_emplace(peer << 32 | peer_port << 16 | own_port, Connection{0, rule.delays[0]});
  Connection& connection = found->second;
  // A SYN sent again is the same connection; one with another sequence number is a new one on an old port.
  if (header.opens_connection && towards && (added || connection.first_sequence != header.sequence)) {
    connection = {header.sequence, rule.delays[rule.turn++ % rule.delays.size()]};
  }
  return connection.delay;
}

class Relay {
 public:
  Relay(int left, int right) : tuns_{left, right} {}

  void run() {
    std::puts("ready");
    while (wait()) deliver_due();
  }

 private:
  struct Packet {
    int to;
    Bytes bytes;
  };

  bool wait() {
    std::array<pollfd, 3> watched{{{tuns_[0], POLLIN, 0}, {tuns_[1], POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
    timespec timeout{};
    if (!queue_.empty()) {
      const auto left = std::max(queue_.begin()->first - Clock::now(), Clock::duration::zero());
      const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
      timeout = {seconds.count(), (left - seconds).count()};
    }
    check(ppoll(watched.data(), watched.size(), queue_.empty() ? nullptr : &timeout, nullptr) >= 0, "ppoll");
    if (watched[0].revents != 0) take_packets(tuns_[0], tuns_[1]);
    if (watched[1].revents != 0) take_packets(tuns_[1], tuns_[0]);
    return watched[2].revents == 0 || take_commands();
  }

  void take_packets(int from, int to) {
    for (int taken = 0; taken < kPacketsPerWake; ++taken) {
      const ssize_t size = read(from, buffer_.data(), buffer_.size());
      if (size <= 0) return;
      enqueue(Bytes(buffer_.begin(), buffer_.begin() + size), to);
    }
  }

  void enqueue(Bytes bytes, int to) {
    Header header;
    if (!parse(bytes, header) || queue_.size() >= kMaxQueuedPackets) return;
    auto delay = common_delay_;
    const bool towards = rules_.contains(header.destination);
    const auto found = rules_.find(towards ? header.destination : header.source);
    if (found != rules_.end()) {
      Rule& rule = found->second;
      if (rule.dropped || std::bernoulli_distribution(rule.loss)(random_)) return;
      if (rule.delays.size() == 1) delay = rule.delays[0];
      if (rule.delays.size() > 1)
        delay = header.tcp ? connection_delay(rule, header, towards) : rule.delays[0];
    }
    queue_.emplace(Clock::now() + delay, Packet{to, std::move(bytes)});
  }

  // A write fails while the device is down; the packet is then lost, as on a wire.
  void deliver_due() {
    while (!queue_.empty() && queue_.begin()->first <= Clock::now()) {
      const Packet& packet = queue_.begin()->second;
      [[maybe_unused]] const ssize_t written = write(packet.to, packet.bytes.data(), packet.bytes.size());
      queue_.erase(queue_.begin());
    }
  }

  bool take_commands() {
    std::array<char, 4096> text{};
    const ssize_t size = read(STDIN_FILENO, text.data(), text.size());
    if (size <= 0) return false;
    input_.append(text.data(), static_cast<std::size_t>(size));
    for (auto end = input_.find('\n'); end != std::string::npos; end = input_.find('\n')) {
      const std::string line = input_.substr(0, end);
      input_.erase(0, end + 1);
      std::puts(obey(line) ? "ok" : ("error: not understood: " + line).c_str());
    }
    return true;
  }

  bool obey(const std::string& line) {
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    if (words.size() < 2) return false;
    if (words[0] == "delay" && words.size() == 2) return read_delay(words[1], common_delay_);
    std::uint32_t address = 0;
    if (inet_pton(AF_INET, words[1].c_str(), &address) != 1 || words.size() < 3) return false;
    return set_rule(rules_[address], words);
  }

  static bool set_rule(Rule& rule, const std::vector<std::string>& words) {
    const std::string& verb = words[0];
    if ((verb == "delay" && words.size() == 3) || (verb == "alternate" && words.size() == 4)) {
      std::vector<Clock::duration> delays(words.size() - 2);
      for (std::size_t i = 0; i < delays.size(); ++i) {
        if (!read_delay(words[i + 2], delays[i])) return false;
      }
      rule.delays = std::move(delays);
      rule.turn = 0;
      rule.connections.clear();
      return true;
    }
    if (words.size() != 3) return false;
    if (verb == "drop" && (words[2] == "on" || words[2] == "off")) {
      rule.dropped = words[2] == "on";
      return true;
    }
    double percent = 0;
    if (verb != "loss" || !read_number(words[2], 100, percent)) return false;
    rule.loss = percent / 100;
    return true;
  }

  static bool read_number(const std::string& word, double most, double& number) {
    std::istringstream stream(word);
    return stream >> number && stream.eof() && number >= 0 && number <= most;
  }

  static bool read_delay(const std::string& word, Clock::duration& delay) {
    double milliseconds = 0;
    if (!read_number(word, 60'000, milliseconds)) return false;
    delay =
        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double, std::milli>(milliseconds));
    return true;
  }

  std::array<int, 2> tuns_;
  std::array<unsigned char, kMaxPacketBytes> buffer_{};
  std::string input_;
  Clock::duration common_delay_{};
  std::unordered_map<std::uint32_t, Rule> rules_;
  std::multimap<Clock::time_point, Packet> queue_;  // packets due at the same time stay in order
  std::mt19937 random_{1};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: tun_relay NAMESPACE NAMESPACE\n", stderr);
    return 2;
  }
  try {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    // Delays stay exact on a busy machine; without the right to it they are just less so.
    prctl(PR_SET_TIMERSLACK, 1UL);
    setpriority(PRIO_PROCESS, 0, -20);
    const int left = open_tun(argv[1]);
    Relay(left, open_tun(argv[2])).run();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tun_relay: %s\n", error.what());
    return 1;
  }
}
