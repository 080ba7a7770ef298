// waiot's self-test image on every board, in QEMU: flash, DHCP, TCP and sleep as a device would use them.
#include "rig/board.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "support/files.h"

namespace pipit::rig {

/// What a test's parameter is called where tests are listed.
static void PrintTo(const BoardKind& kind, std::ostream* out) { *out << kind.name; }

namespace {

constexpr usize kEchoBytes = (1u << 20) + 4321;
constexpr int kPatienceMs = 60'000;

/// A listening socket on 127.0.0.1 that sends a pattern to whoever connects and collects what comes back.
class EchoPeer {
 public:
  EchoPeer() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (listener_ < 0) std::abort();
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~EchoPeer() {
    if (thread_.joinable()) thread_.join();
    close(listener_);
  }
  u16 port() const { return port_; }
  void start(u32 seed) {
    for (usize i = 0; i < kEchoBytes; ++i)
      sent_.push_back(static_cast<u8>((i + seed) * 2'654'435'761u >> 13));
    thread_ = std::thread([this] { exchange(); });
  }
  /// Whether every byte came back, in order.
  bool echoed() {
    thread_.join();
    return received_ == sent_;
  }
  usize received() const { return received_.size(); }

 private:
  void exchange() {
    pollfd waiting{listener_, POLLIN, 0};
    if (poll(&waiting, 1, kPatienceMs) != 1) return;
    const int connection = accept(listener_, nullptr, nullptr);
    if (connection < 0) return;
    usize at = 0;
    while (received_.size() < kEchoBytes) {
      pollfd ready{connection, short(POLLIN | (at < kEchoBytes ? POLLOUT : 0)), 0};
      if (poll(&ready, 1, kPatienceMs) != 1) break;
      if ((ready.revents & POLLOUT) != 0) {
        const ssize_t count = send(connection, sent_.data() + at, std::min<usize>(kEchoBytes - at, 4096),
                                   MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count > 0) at += count;
      }
      if ((ready.revents & (POLLIN | POLLHUP)) != 0) {
        u8 buffer[4096];
        const ssize_t count = recv(connection, buffer, sizeof buffer, 0);
        if (count <= 0) break;
        received_.insert(received_.end(), buffer, buffer + count);
      }
    }
    close(connection);
  }

  int listener_;
  u16 port_ = 0;
  std::vector<u8> sent_, received_;
  std::thread thread_;
};

class BoardTest : public testing::TestWithParam<BoardKind> {
 protected:
  void SetUp() override {
    directory_ = testing::TempDir() + "pipit-board-" + GetParam().name + "-" + std::to_string(getpid());
    std::filesystem::remove_all(directory_);
  }
  void TearDown() override {
    if (HasFailure()) std::cerr << "console of " << GetParam().name << ":\n" << console();
    std::filesystem::remove_all(directory_);
  }
  BoardOptions options(u16 broker_port, u16 blob_port) const {
    BoardOptions out;
    out.board = GetParam().name;
    out.firmware = std::string(PIPIT_SOURCE_DIR) + "/build/" + GetParam().name + "/bin/selftest";
    out.directory = directory_;
    out.mac = "52:54:00:A1:b2:03";
    out.broker_host = out.blob_host = {10, 0, 2, 2};
    out.broker_port = broker_port;
    out.blob_port = blob_port;
    out.token = "token";
    return out;
  }
  std::string console() const {
    auto text = support::read_file(directory_ + "/console.log");
    return text.ok() ? std::string(text->begin(), text->end()) : "";
  }
  /// Waits for a text on the console, from `from` on; where it ends, or npos.
  usize wait_for(const std::string& text, usize from = 0) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
    while (std::chrono::steady_clock::now() < deadline) {
      if (const usize at = console().find(text, from); at != std::string::npos) return at + text.size();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return std::string::npos;
  }
  u64 number_after(const std::string& text) const {
    const std::string log = console();
    const usize at = log.find(text);
    return at == std::string::npos ? 0 : std::stoull(log.substr(at + text.size()));
  }
  std::string directory_;
};

TEST_P(BoardTest, MovesEveryByteAndSleeps) {
  EchoPeer peers[2];
  for (u32 i = 0; i < 2; ++i) peers[i].start(i);
  auto board = Board::start(options(peers[0].port(), peers[1].port()));
  ASSERT_TRUE(board.ok()) << board.error().text;
  EXPECT_EQ(board->device(), "waiot-a1b203");
  EXPECT_TRUE(peers[0].echoed()) << peers[0].received() << " bytes came back";
  EXPECT_TRUE(peers[1].echoed()) << peers[1].received() << " bytes came back";
  ASSERT_NE(wait_for("selftest: done"), std::string::npos);

  const std::string log = console();
  EXPECT_NE(log.find("selftest: arithmetic ok"), std::string::npos);
  EXPECT_NE(log.find("selftest: flash ok"), std::string::npos);
  EXPECT_NE(log.find("waiot-a1b203 has address 10.0.2.15"), std::string::npos);
  EXPECT_EQ(log.find("fault"), std::string::npos);
  EXPECT_EQ(log.find("check failed"), std::string::npos);
  EXPECT_EQ(log.find("failed after"), std::string::npos) << "a connection was reset";
  const u64 idle = number_after("idle instructions "),
            programming = number_after("programmed bytes 262144 instructions ");
  EXPECT_GT(idle, 0u);
  EXPECT_LT(idle, 2'000'000u) << "a second of idling: wfi does not sleep";
  EXPECT_GT(programming, 0u);
  EXPECT_LT(programming, 8'000'000u) << "programming 256 KB";
}

TEST_P(BoardTest, FlashIsAsPersistentAsItSays) {
  const auto start = [&] { return Board::start(options(1, 1)); };
  auto first = start();
  ASSERT_TRUE(first.ok()) << first.error().text;
  usize at = wait_for("earlier starts 0 persistent " + std::to_string(GetParam().persistent));
  ASSERT_NE(at, std::string::npos);
  at = wait_for("selftest: programmed", at);
  ASSERT_NE(at, std::string::npos);
  first->power_off();
  auto second = start();
  ASSERT_TRUE(second.ok()) << second.error().text;
  const char* expected =
      GetParam().persistent ? "earlier starts 1 persistent 1" : "earlier starts 0 persistent 0";
  EXPECT_NE(wait_for(expected, at), std::string::npos);
}

TEST_P(BoardTest, FaultsAreReportedAndRestart) {
  for (const auto& [token, report] : {std::pair{"fault", "waiot: fault: "},
                                      {"overflow", "waiot: fault: stack overflow"},
                                      {"check", "waiot: check failed: how.empty() at selftest.cpp:"}}) {
    BoardOptions broken = options(1, 1);
    broken.token = token;
    std::filesystem::remove_all(directory_);
    auto board = Board::start(broken);
    ASSERT_TRUE(board.ok()) << board.error().text;
    const usize reported = wait_for(report);
    ASSERT_NE(reported, std::string::npos) << token;
    EXPECT_NE(wait_for("waiot: selftest", reported), std::string::npos) << "no restart after " << token;
  }
}

TEST_P(BoardTest, RefusesWhatItCannotStart) {
  BoardOptions wrong = options(1, 1);
  wrong.mac = "52:54:00:12:34";
  EXPECT_EQ(Board::start(wrong).error().code, Code::invalid_argument);
  wrong = options(1, 1);
  wrong.board = "toaster";
  EXPECT_EQ(Board::start(wrong).error().code, Code::not_found);
}

INSTANTIATE_TEST_SUITE_P(Kinds, BoardTest, testing::ValuesIn(board_kinds()), [](const auto& info) {
  std::string name = info.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace pipit::rig
