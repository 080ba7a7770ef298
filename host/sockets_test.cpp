// Sockets of Linux under the runner: the programs that Mewz's network tests run in a machine.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "host/runner.h"
#include "support/files.h"
#include "support/process.h"

namespace pipit::host {
namespace {

struct TextConsole final : ports::Console {
  std::string text;
  void write(Bytes bytes) override { text += as_text(bytes); }
};

RunOptions program(const std::string& name, std::vector<std::string> arguments, ports::Console& out) {
  RunOptions options;
  auto module = support::read_file(PIPIT_WASM_FOLDER "/" + name + ".wasm");
  EXPECT_TRUE(module.ok()) << name;
  options.module = std::move(*module);
  options.arguments = std::move(arguments);
  options.network = true;
  options.out = &out;
  return options;
}

int dial(u16 port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int i = 0; i < 500; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
    close(fd);
    usleep(10'000);
  }
  return -1;
}

TEST(HostSockets, AnswerAsTheKernelsDo) {
  for (const auto& [mode, says] :
       {std::pair{"datagrams", "datagram pong from port set\n"}, std::pair{"errors", "errors 11111111\n"}}) {
    TextConsole out;
    const auto report = run(program("mewz_net", {mode}, out));
    ASSERT_TRUE(report.ok()) << report.error().text;
    EXPECT_EQ(report->process_exit_code(), 0) << out.text;
    EXPECT_EQ(out.text, says);
  }
}

TEST(HostSockets, EchoEveryByte) {
  const u16 port = *support::free_port();
  TextConsole out;
  RunOptions options = program("mewz_net", {"echo", std::to_string(port)}, out);
  std::thread server([&] { EXPECT_TRUE(run(options).ok()); });
  const int fd = dial(port);
  ASSERT_GE(fd, 0);
  std::string sent(3'000'000, 0), received;
  for (usize i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 2'654'435'761u >> 11);
  std::thread writer([&] {
    for (usize at = 0; at < sent.size();) {
      const ssize_t put = send(fd, &sent[at], sent.size() - at, MSG_NOSIGNAL);
      if (put <= 0) break;
      at += static_cast<usize>(put);
    }
  });
  char buffer[65536];
  for (ssize_t got; received.size() < sent.size() && (got = recv(fd, buffer, sizeof buffer, 0)) > 0;)
    received.append(buffer, static_cast<usize>(got));
  writer.join();
  close(fd);
  EXPECT_TRUE(sent == received) << received.size();
  close(dial(port));  // a connection with nothing in it ends it
  server.join();
}

TEST(HostSockets, ServeHttpToManyAtATime) {
  const u16 port = *support::free_port();
  TextConsole out;
  RunOptions options = program("http_server", {std::to_string(port)}, out);
  std::atomic<bool> stop = false;
  options.interrupted = [&] { return stop.load(); };
  std::thread server([&] { EXPECT_TRUE(run(options).ok()); });
  std::vector<int> connections;
  for (int i = 0; i < 40; ++i) connections.push_back(dial(port));
  for (int round = 0; round < 3; ++round)
    for (const int fd : connections) {
      constexpr std::string_view kRequest = "GET /missing HTTP/1.1\r\n\r\n";
      char answer[512] = {};
      ASSERT_GT(send(fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL), 0);
      ASSERT_GT(recv(fd, answer, sizeof answer - 1, 0), 0);
      EXPECT_TRUE(std::string_view(answer).starts_with("HTTP/1.1 404 ")) << answer;
    }
  for (const int fd : connections) close(fd);
  stop = true;
  server.join();
}

TEST(HostSockets, ServeHttpWhateverTheRequest) {
  const std::string long_line(5000, 'x');
  // The connection ends where the answer says so, which the read waits for.
  const struct {
    std::string request;
    std::string_view status, ending;
  } rows[] = {
      {"GET / HTTP/1.1\r\ncOnNeCtIoN:   CLOSE\r\n\r\n", "200 OK",
       "Connection: close\r\n\r\nhello from pipit\n"},
      {"GET /?a=/b#c HTTP/1.0\r\n\r\n", "200 OK", "hello from pipit\n"},
      {"GET /a/../b HTTP/1.0\r\n\r\n", "404 Not Found", "no such file\n"},
      {"get / HTTP/1.0\r\n\r\n", "405 Method Not Allowed", "only GET and HEAD\n"},
      {"GETS / HTTP/1.0\r\n\r\n", "405 Method Not Allowed", "only GET and HEAD\n"},
      {"\r\n\r\n", "400 Bad Request", "not HTTP\n"},
      {"GET\r\n\r\n", "400 Bad Request", "not HTTP\n"},
      {"GET \r\n\r\n", "400 Bad Request", "not HTTP\n"},
      {std::string("GET \0 / HTTP/1.1\r\nConnection: close\r\n\r\n", 39) + long_line, "431", "too long\n"},
      {"GET /" + long_line, "431 Request Header Fields Too Large", "Connection: close\r\n\r\ntoo long\n"},
      {"GET / HTTP/1.1\r\n\r\nGET /n HTTP/1.1\r\nConnection:close\r\n\r\n", "200 OK", "no such file\n"},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nHEAD /m HTTP/1.0\r\n\r\n", "200 OK",
       "no such file\n"},
  };
  const u16 port = *support::free_port();
  TextConsole out;
  RunOptions options = program("http_server", {std::to_string(port)}, out);
  std::atomic<bool> stop = false;
  options.interrupted = [&] { return stop.load(); };
  std::thread server([&] { EXPECT_TRUE(run(options).ok()); });
  for (const auto& row : rows) {
    const int fd = dial(port);
    ASSERT_GE(fd, 0);
    ASSERT_GT(send(fd, row.request.data(), row.request.size(), MSG_NOSIGNAL), 0);
    std::string answer;
    char buffer[1024];
    for (ssize_t got; (got = recv(fd, buffer, sizeof buffer, 0)) > 0;)
      answer.append(buffer, static_cast<usize>(got));
    close(fd);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::string(row.status))) << row.request << "\n" << answer;
    EXPECT_TRUE(answer.ends_with(row.ending)) << row.request << "\n" << answer;
  }
  stop = true;
  server.join();
}

TEST(HostSockets, AreNotThereUnlessGranted) {
  TextConsole out;
  RunOptions options = program("mewz_net", {"datagrams"}, out);
  options.network = false;
  const auto report = run(options);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->process_exit_code(), 1);
  EXPECT_EQ(out.text, "bind: Not supported\n");
}

}  // namespace
}  // namespace pipit::host
