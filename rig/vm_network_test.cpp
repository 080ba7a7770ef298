// Mewz's network in QEMU: the card, lwIP and sockets, against real sockets of this machine.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "rig/initrd.h"
#include "rig/vm.h"
#include "support/files.h"

namespace pipit::rig {
namespace {

constexpr int kPatienceMs = 20'000;

/// A machine in the background; its console so far.
class RunningVm {
 public:
  RunningVm(const std::string& app, const std::string& arguments, u16 guest_port) {
    auto port = support::free_port();
    EXPECT_TRUE(port.ok());
    port_ = *port;
    VmOptions options;
    options.kernel = std::string(PIPIT_SOURCE_DIR) + "/build/mewz/bin/mewz";
    options.initrd = app.starts_with("/") ? app : std::string(PIPIT_WASM_FOLDER "/") + app;
    options.arguments = arguments;
    options.memory_mb = 16;
    options.network = true;
    options.forwards = {{port_, guest_port}};
    console_ = testing::TempDir() + "vm-console-" + std::to_string(getpid()) + "-" + std::to_string(port_);
    support::Process::Options process;
    process.log_file = console_ + ".qemu";
    auto started = support::Process::start(vm_command(options, "file,path=" + console_), process);
    EXPECT_TRUE(started.ok());
    if (started.ok()) process_ = std::move(*started);
  }
  ~RunningVm() {
    process_.kill_now();
    unlink(console_.c_str());
    unlink((console_ + ".qemu").c_str());
  }
  u16 port() const { return port_; }
  std::string console() const {
    auto text = support::read_file(console_);
    return text.ok() ? std::string(text->begin(), text->end()) : std::string();
  }
  /// Until the console has `text`; false when it never does.
  bool wait_for(const std::string& text) {
    for (int waited = 0; waited < kPatienceMs; waited += 5) {
      if (console().find(text) != std::string::npos) return true;
      if (!process_.running()) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return console().find(text) != std::string::npos;
  }
  u32 exit_code() {
    for (int waited = 0; waited < kPatienceMs && process_.running(); waited += 5)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return exit_code_of(console()).value_or(999);
  }

 private:
  u16 port_ = 0;
  std::string console_;
  support::Process process_;
};

int dial(u16 port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

std::string ask(u16 port, const std::string& request) {
  const int fd = dial(port);
  if (fd < 0) return "no connection";
  EXPECT_EQ(send(fd, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[4096];
  for (pollfd ready{fd, POLLIN, 0}; poll(&ready, 1, kPatienceMs) == 1;) {
    const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
    if (got <= 0) break;
    answer.append(buffer, static_cast<usize>(got));
  }
  close(fd);
  return answer;
}

TEST(MewzNetwork, ServesHttp) {
  RunningVm vm("http_server.wasm", "", 80);
  ASSERT_TRUE(vm.wait_for("address 10.0.2.15")) << vm.console();
  const std::string one = ask(vm.port(), "GET / HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(one.starts_with("HTTP/1.1 200 OK\r\n")) << one;
  EXPECT_TRUE(one.ends_with("\r\n\r\nhello from pipit\n")) << one;
  // Two requests in one go, on one connection; then a path that is not there and a method that is not taken.
  const std::string two =
      ask(vm.port(), "GET / HTTP/1.1\r\n\r\nGET /no HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_NE(two.find("hello from pipit\nHTTP/1.1 404 Not Found"), std::string::npos) << two;
  EXPECT_TRUE(ask(vm.port(), "PUT / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 405 ")) << vm.console();
  EXPECT_TRUE(ask(vm.port(), "nonsense\r\n\r\n").starts_with("HTTP/1.1 400 ")) << vm.console();
}

/// Files of the RAM disk, one of them larger than every buffer on its way, and what a program wrote.
TEST(MewzNetwork, ServesFilesOfTheRamDisk) {
  auto server = support::read_file(PIPIT_WASM_FOLDER "/http_server.wasm");
  ASSERT_TRUE(server.ok());
  std::vector<u8> large(3'000'000);
  for (usize i = 0; i < large.size(); ++i) large[i] = static_cast<u8>(i * 2'654'435'761u >> 9);
  const std::string_view page = "<p>a page";
  const auto archive = make_initrd({{"server.wasm", *server},
                                    {"index.html", std::vector<u8>(page.begin(), page.end())},
                                    {"deep/er/large.bin", large}});
  ASSERT_TRUE(archive.ok()) << archive.error().text;
  const std::string initrd = testing::TempDir() + "mewz-files-" + std::to_string(getpid());
  ASSERT_TRUE(support::write_file(initrd, *archive).ok());
  RunningVm vm(initrd, "arg=8000", 8000);
  ASSERT_TRUE(vm.wait_for("address 10.0.2.15")) << vm.console();
  const std::string index = ask(vm.port(), "GET / HTTP/1.0\r\n\r\n");
  EXPECT_NE(index.find("Content-Type: text/html"), std::string::npos) << index;
  EXPECT_TRUE(index.ends_with("\r\n\r\n<p>a page")) << index;
  const std::string answer = ask(vm.port(), "GET /deep/er/large.bin HTTP/1.0\r\n\r\n");
  const usize body = answer.find("\r\n\r\n");
  ASSERT_NE(body, std::string::npos) << answer.substr(0, 200) << vm.console();
  EXPECT_TRUE(std::string_view(answer).substr(body + 4) == as_text(large)) << answer.size();
  const std::string head = ask(vm.port(), "HEAD /index.html HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
  EXPECT_NE(head.find("Content-Length: 9\r\n"), std::string::npos) << head;
  std::remove(initrd.c_str());
}

/// Megabytes there and back, every byte compared; then many connections one after another.
TEST(MewzNetwork, EchoesEveryByteAndForgetsConnections) {
  constexpr usize kBytes = 4u << 20;
  RunningVm vm("mewz_net.wasm", "arg=echo arg=7 trace", 7);
  ASSERT_TRUE(vm.wait_for("address 10.0.2.15")) << vm.console();
  const int fd = dial(vm.port());
  ASSERT_GE(fd, 0);
  std::string sent(kBytes, 0), received;
  for (usize i = 0; i < kBytes; ++i) sent[i] = static_cast<char>(i * 2'654'435'761u >> 11);
  for (usize at = 0; received.size() < kBytes;) {
    pollfd ready{fd, static_cast<short>(POLLIN | (at < kBytes ? POLLOUT : 0)), 0};
    ASSERT_EQ(poll(&ready, 1, kPatienceMs), 1) << received.size() << "\n" << vm.console();
    if ((ready.revents & POLLOUT) != 0) {
      const ssize_t put =
          send(fd, &sent[at], std::min<usize>(kBytes - at, 65536), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (put > 0) at += static_cast<usize>(put);
    }
    if ((ready.revents & POLLIN) != 0) {
      char buffer[65536];
      const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
      ASSERT_GT(got, 0) << received.size() << "\n" << vm.console();
      received.append(buffer, static_cast<usize>(got));
    }
  }
  close(fd);
  EXPECT_TRUE(sent == received);
  // More than there are sockets or connections at a time; PIPIT_CONNECTIONS for more.
  const char* const wanted = std::getenv("PIPIT_CONNECTIONS");
  const u32 connections = wanted != nullptr ? static_cast<u32>(std::stoul(wanted)) : 600;
  for (u32 i = 0; i < connections; ++i) {
    const int each = dial(vm.port());
    ASSERT_GE(each, 0) << i;
    char byte = 'x';
    ASSERT_EQ(send(each, &byte, 1, MSG_NOSIGNAL), 1);
    ASSERT_EQ(recv(each, &byte, 1, 0), 1) << i << "\n" << vm.console();
    close(each);
  }
  close(dial(vm.port()));
  EXPECT_EQ(vm.exit_code(), 0u) << vm.console();
  // What connections and packets took is all free again.
  const std::string console = vm.console();
  const usize at = console.find("network at the end: ");
  ASSERT_NE(at, console.npos) << console;
  u32 open, segments, buffers, bytes, held;
  ASSERT_EQ(
      std::sscanf(&console[at],
                  "network at the end: %u connections, %u segments, %u buffers, %u bytes to send, %u frames",
                  &open, &segments, &buffers, &bytes, &held),
      5);
  EXPECT_EQ(open + segments + buffers + held, 0u) << console;
  EXPECT_LT(bytes, 200u) << "what DHCP keeps, and nothing else\n" << console;
}

/// What a machine sends at once arrives in order and whole: 16 MB here, PIPIT_STREAM_MB for more.
TEST(MewzNetwork, StreamsEveryByte) {
  constexpr usize kBlock = 65521;
  const char* const wanted = std::getenv("PIPIT_STREAM_MB");
  const u32 blocks = static_cast<u32>((wanted != nullptr ? std::stoul(wanted) : 16) * (1u << 20) / kBlock);
  RunningVm vm("mewz_net.wasm", "arg=stream arg=7 arg=" + std::to_string(blocks), 7);
  ASSERT_TRUE(vm.wait_for("address 10.0.2.15")) << vm.console();
  const int fd = dial(vm.port());
  ASSERT_GE(fd, 0);
  std::vector<u8> expected(kBlock), block(kBlock);
  for (usize i = 4; i < kBlock; ++i)
    expected[i] = static_cast<u8>(static_cast<u32>(i) * 2'654'435'761u >> 11);
  for (u32 number = 0; number < blocks; ++number) {
    std::memcpy(expected.data(), &number, sizeof number);
    ASSERT_EQ(recv(fd, block.data(), kBlock, MSG_WAITALL), static_cast<ssize_t>(kBlock)) << number;
    ASSERT_EQ(std::memcmp(block.data(), expected.data(), kBlock), 0) << "block " << number;
  }
  EXPECT_EQ(recv(fd, block.data(), 1, 0), 0) << "nothing follows";
  close(fd);
  EXPECT_EQ(vm.exit_code(), 0u) << vm.console();
}

/// `mode` of the program connects to a listener of ours, says ping, and is told pong.
void expect_connection(int family, const std::string& mode, const std::string& says) {
  const int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_GE(listener, 0);
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_addr = in6addr_loopback;
  auto* const address =
      family == AF_INET ? reinterpret_cast<sockaddr*>(&v4) : reinterpret_cast<sockaddr*>(&v6);
  socklen_t size = family == AF_INET ? sizeof v4 : sizeof v6;
  ASSERT_EQ(bind(listener, address, size), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  ASSERT_EQ(getsockname(listener, address, &size), 0);
  const u16 port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
  RunningVm vm("mewz_net.wasm", "arg=" + mode + " arg=" + std::to_string(port), 1);
  pollfd waiting{listener, POLLIN, 0};
  ASSERT_EQ(poll(&waiting, 1, kPatienceMs), 1) << vm.console();
  const int fd = accept(listener, nullptr, nullptr);
  std::string heard;
  char buffer[64];
  for (ssize_t got; (got = recv(fd, buffer, sizeof buffer, 0)) > 0;)
    heard.append(buffer, static_cast<usize>(got));
  EXPECT_EQ(heard, "ping");
  EXPECT_EQ(send(fd, "pong", 4, MSG_NOSIGNAL), 4);
  close(fd);
  close(listener);
  EXPECT_EQ(vm.exit_code(), 0u) << vm.console();
  EXPECT_NE(vm.console().find(says), std::string::npos) << vm.console();
}

TEST(MewzNetwork, ConnectsToTheHost) { expect_connection(AF_INET, "client", "from 10.0.2.15 got pong"); }

TEST(MewzNetwork, ConnectsToTheHostByIpv6) {
  const int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const bool there = probe >= 0 && bind(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  if (probe >= 0) close(probe);
  if (!there) GTEST_SKIP() << "this machine has no IPv6";
  expect_connection(AF_INET6, "client6", "from fec0::");
}

TEST(MewzNetwork, AnswersWhatGoesWrong) {
  const auto unused = support::free_port();
  ASSERT_TRUE(unused.ok());
  const struct {
    std::string arguments, output;
  } kCases[] = {{"arg=refused arg=" + std::to_string(*unused), "refused: yes"},
                {"arg=datagrams ip=10.0.2.15/24,10.0.2.2", "datagram pong from port set"},
                {"arg=both ip=10.0.2.15/24,10.0.2.2", "both 11 foursix"},
                {"arg=errors", "errors 11111111"}};
  for (const auto& each : kCases) {
    RunningVm vm("mewz_net.wasm", each.arguments, 1);
    EXPECT_EQ(vm.exit_code(), 0u) << vm.console();
    EXPECT_NE(vm.console().find(each.output), std::string::npos) << vm.console();
  }
}

}  // namespace
}  // namespace pipit::rig
