// The firmware itself on every board: it dials a real broker and says who it is.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "rig/board.h"
#include "rig/services.h"

namespace pipit::rig {

/// What a test's parameter is called where tests are listed.
static void PrintTo(const BoardKind& kind, std::ostream* out) { *out << kind.name; }

namespace {

class Firmware : public testing::TestWithParam<BoardKind> {
 protected:
  void SetUp() override {
    auto state = State::open("firmware-test-" + std::to_string(getpid()));
    ASSERT_TRUE(state.ok()) << state.error().text;
    state_.emplace(std::move(*state));
    ASSERT_TRUE(state_->claim().ok());
    auto broker = Broker::start(*state_);
    ASSERT_TRUE(broker.ok()) << broker.error().text;
    broker_ = std::move(*broker);
    directory_ = state_->directory();
  }
  void TearDown() override {
    broker_.service.stop();
    if (!directory_.empty()) std::filesystem::remove_all(directory_);
  }
  support::Result<Board> start() {
    BoardOptions options;
    options.board = GetParam().name;
    options.firmware = std::string(PIPIT_SOURCE_DIR) + "/build/" + GetParam().name + "/bin/waiot";
    options.directory = directory_ + "/" + GetParam().name;
    options.mac = "52:54:00:0f:0e:0d";
    options.broker_host = options.blob_host = {10, 0, 2, 2};
    options.broker_port = broker_.port;
    options.blob_port = 1;
    options.token = "a token";
    return Board::start(options);
  }
  /// The next hello that the broker passes on; its texts point into `message_`.
  support::Result<link::Hello> hear_hello() {
    const auto heard =
        TRY(support::run({"mosquitto_sub", "-h", "127.0.0.1", "-p", std::to_string(broker_.port), "-t",
                          "pipit/waiot-0f0e0d/hello", "-C", "1", "-W", "30", "-F", "%x"}));
    message_.clear();
    for (usize i = 0; i + 1 < heard.out.size(); i += 2)
      message_.push_back(static_cast<u8>(std::stoul(heard.out.substr(i, 2), nullptr, 16)));
    link::Hello hello;
    TRY(link::decode(message_, hello));
    return hello;
  }
  std::optional<State> state_;
  Broker broker_;
  std::string directory_;
  std::vector<u8> message_;
};

TEST_P(Firmware, SaysHelloAndCountsItsStarts) {
  u64 boot_id = 0;
  for (u32 boot = 1; boot <= 2; ++boot) {
    auto board = start();
    ASSERT_TRUE(board.ok()) << board.error().text;
    const auto hello = hear_hello();
    ASSERT_TRUE(hello.ok()) << hello.error().text;
    EXPECT_EQ(hello->device, "waiot-0f0e0d");
    EXPECT_EQ(hello->board, GetParam().name);
    EXPECT_EQ(hello->arch, GetParam().arch);
    EXPECT_EQ(hello->token, "a token");
    EXPECT_EQ(hello->persistent, GetParam().persistent);
    EXPECT_EQ(hello->ram_bytes, 256u << 10);
    EXPECT_GT(hello->app_ram_bytes, 0u);
    EXPECT_GT(hello->slot_bytes, 256u << 10);
    if (GetParam().persistent) EXPECT_EQ(hello->boot_count, boot);
    EXPECT_NE(hello->boot_id, boot_id) << "two starts share an identity";
    boot_id = hello->boot_id;
    board->power_off();
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, Firmware, testing::ValuesIn(board_kinds()), [](const auto& info) {
  std::string name = info.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace pipit::rig
