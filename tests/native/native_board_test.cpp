// The same application on every board from its module and as native code in place from flash: the same
// answers, the same trap, stoppable alike, and fewer instructions.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "cli/package/build.h"
#include "orchestrator/gateway/blob_server.h"
#include "orchestrator/gateway/mqtt.h"
#include "rig/board.h"
#include "rig/services.h"
#include "support/files.h"

namespace pipit {
namespace {

using rig::BoardKind;

constexpr u32 kFrameBytes = 64;
constexpr u8 kTrap = 1, kSpin = 2;  // as in tests/apps/busy-work

/// A gateway that admits every device and desires what a test says.
class Gateway {
 public:
  struct Answer {
    u64 instructions = 0;
    std::vector<u8> payload;
  };

  template <class F>
  auto locked(F&& get) const {
    const std::lock_guard lock(mutex_);
    return get();
  }
  support::Status start(u16 broker_port, std::string device) {
    device_ = std::move(device);
    mqtt_ =
        TRY(gateway::Mqtt::start({.host = "127.0.0.1",
                                  .port = broker_port,
                                  .client_id = "native-board-test",
                                  .topics = {"pipit/" + device_ + "/+"}},
                                 {.state = [](bool, const std::string&) {},
                                  .message = [this](const std::string& topic, const std::vector<u8>& payload,
                                                    bool) { take(topic, payload); }}));
    return {};
  }
  void desire(const link::Desired& desired) {
    u8 room[8192];
    const auto message = link::encode(desired, room);
    ASSERT_TRUE(message.ok());
    ASSERT_TRUE(mqtt_->publish("pipit/" + device_ + "/desired", *message, true));
  }
  /// The same bytes for numbers that are the same modulo 100.
  void send_frame(u32 sequence, u8 first) {
    std::vector<u8> data(kFrameBytes);
    for (u32 i = 0; i < kFrameBytes; ++i) data[i] = static_cast<u8>(sequence % 100 * 31 + i * i * 7);
    data[0] = first;
    u8 room[512];
    const auto message = link::encode(link::SensorFrame{sequence, DType::u8, 1, {kFrameBytes}, data}, room);
    ASSERT_TRUE(message.ok());
    ASSERT_TRUE(mqtt_->publish("pipit/" + device_ + "/sensor/camera", *message, false));
  }
  bool connected() const { return mqtt_->connected(); }
  bool admitted() const {
    return locked([&] { return boot_id_ != 0; });
  }
  std::optional<Answer> answer(u32 sequence) const {
    return locked([&]() -> std::optional<Answer> {
      const auto found = answers_.find(sequence);
      return found == answers_.end() ? std::nullopt : std::optional(found->second);
    });
  }
  /// The last status, whose texts last as long as this object.
  link::DeviceStatus status() const {
    return locked([&] {
      link::DeviceStatus out;
      if (!statuses_.empty()) EXPECT_TRUE(link::decode(*statuses_.back(), out).ok());
      return out;
    });
  }

 private:
  void take(const std::string& topic, const std::vector<u8>& payload) {
    const std::string leaf = topic.substr(topic.rfind('/') + 1);
    const std::lock_guard lock(mutex_);
    link::Hello hello;
    link::TelemetryMessage result;
    if (leaf == link::topic::kHello && link::decode(payload, hello).ok()) {
      u8 room[256];
      boot_id_ = hello.boot_id;
      const auto answer = link::encode(link::Admission{hello.boot_id, true, {}, 0}, room);
      if (answer.ok()) mqtt_->publish("pipit/" + device_ + "/admission", *answer, false);
    } else if (leaf == link::topic::kTelemetry && link::decode(payload, result).ok()) {
      answers_[result.sequence] = {result.instructions, {result.payload.begin(), result.payload.end()}};
    } else if (leaf == link::topic::kStatus) {
      statuses_.push_back(std::make_unique<std::vector<u8>>(payload));
    }
  }

  std::string device_;
  std::unique_ptr<gateway::Mqtt> mqtt_;
  mutable std::mutex mutex_;
  u64 boot_id_ = 0;
  std::map<u32, Answer> answers_;
  std::vector<std::unique_ptr<std::vector<u8>>> statuses_;
};

class NativeBoard : public testing::TestWithParam<BoardKind> {
 protected:
  void SetUp() override {
    firmware_ = std::string(PIPIT_SOURCE_DIR) + "/build/" + GetParam().name + "/bin/waiot";
    if (!support::exists(firmware_)) GTEST_SKIP() << "no firmware for " << GetParam().name;
    auto state = rig::State::open("native-board-" + std::to_string(getpid()));
    ASSERT_TRUE(state.ok()) << state.error().text;
    state_.emplace(std::move(*state));
    ASSERT_TRUE(state_->claim().ok());
    folder_ = state_->directory();
    auto broker = rig::Broker::start(*state_);
    ASSERT_TRUE(broker.ok()) << broker.error().text;
    broker_ = std::move(*broker);
    images_.emplace(folder_ + "/images", std::map<std::string, std::string>{});
    blobs_ = std::make_unique<gateway::BlobServer>(*images_);
    ASSERT_TRUE(blobs_->start("127.0.0.1", 0).ok());
    rig::BoardOptions options;
    options.board = GetParam().name;
    options.firmware = firmware_;
    options.directory = folder_ + "/board";
    options.mac = "52:54:00:0a:0b:0c";
    options.broker_host = options.blob_host = {10, 0, 2, 2};
    options.broker_port = broker_.port;
    options.blob_port = blobs_->port();
    ASSERT_TRUE(gateway_.start(broker_.port, "waiot-0a0b0c").ok());
    ASSERT_TRUE(wait([&] { return gateway_.connected(); }));
    auto board = rig::Board::start(options);
    ASSERT_TRUE(board.ok()) << board.error().text;
    board_.emplace(std::move(*board));
    ASSERT_TRUE(wait([&] { return gateway_.admitted(); }));
  }
  void TearDown() override {
    if (board_) board_->power_off();
    blobs_.reset();
    broker_.service.stop();
    if (!folder_.empty() && !HasFailure()) std::filesystem::remove_all(folder_);
  }

  template <class F>
  static bool wait(F&& done, u32 seconds = 60) {
    for (u32 i = 0; i < seconds * 50; ++i) {
      if (done()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }
  /// The application's package, whose blobs the server then has.
  package::BuildReport build(std::vector<std::string> targets) {
    const std::string folder = std::string(PIPIT_SOURCE_DIR) + "/tests/apps/busy-work";
    auto report = package::build({.folder = folder,
                                  .version = "",
                                  .defines = {},
                                  .unchecked = false,
                                  .targets = targets,
                                  .models = {}});
    EXPECT_TRUE(report.ok()) << report.error().text;
    const auto serve = [&](const std::vector<u8>& blob) {
      EXPECT_TRUE(support::write_file(folder_ + "/images/blobs/" + support::sha256_hex(blob), blob).ok());
    };
    std::filesystem::create_directories(folder_ + "/images/blobs");
    serve(report->package.module);
    for (const auto& native : report->package.natives) serve(native.data);
    return std::move(*report);
  }
  void deploy(const package::BuildReport& report, const std::string& instance) {
    link::Desired desired{.generation = ++generation_, .app = true, .instance = instance};
    desired.manifest = report.package.manifest;
    gateway_.desire(desired);
    ASSERT_TRUE(wait([&] {
      const auto status = gateway_.status();
      return status.active.instance == instance && status.active.state == link::AppState::running;
    })) << gateway_.status().next.message;
  }
  /// Answers to a few frames that wait in the queue together, and the instructions from one to the next.
  void run_frames(u32 from, std::vector<std::vector<u8>>& answers, u64& instructions) {
    constexpr u32 kFrames = 5;
    for (u32 i = 0; i < kFrames; ++i) gateway_.send_frame(from + i, static_cast<u8>(10 + i));
    ASSERT_TRUE(wait([&] { return gateway_.answer(from + kFrames - 1).has_value(); }));
    instructions = ~u64{0};
    u64 before = 0;
    for (u32 i = 0; i < kFrames; ++i) {
      const auto answer = gateway_.answer(from + i);
      ASSERT_TRUE(answer.has_value()) << i;
      answers.push_back(answer->payload);
      if (i != 0) instructions = std::min(instructions, answer->instructions - before);
      before = answer->instructions;
    }
  }
  /// Makes the application trap; how the device tells of it, without the instance's name.
  std::string trap(u32 sequence) {
    gateway_.send_frame(sequence, kTrap);
    EXPECT_TRUE(wait([&] { return gateway_.status().active.state == link::AppState::failed; }));
    const auto status = gateway_.status().active;
    return std::string(status.message) + " in " + std::string(status.trap_func) + " at " +
           std::to_string(status.trap_offset);
  }

  std::string firmware_, folder_;
  std::optional<rig::State> state_;
  rig::Broker broker_;
  std::optional<gateway::Images> images_;
  std::unique_ptr<gateway::BlobServer> blobs_;
  Gateway gateway_;
  std::optional<rig::Board> board_;
  u64 generation_ = 0;
};

TEST_P(NativeBoard, RunsInPlaceFromFlashAndDoesTheSame) {
  const auto interpreted = build({});
  const auto native = build({"thumbv7em", "rv32imac"});
  ASSERT_FALSE(HasFailure());
  EXPECT_EQ(native.package.natives.size(), 2u);
  EXPECT_EQ(interpreted.package.module, native.package.module);

  std::vector<std::vector<u8>> expected, actual;
  u64 slow = 0, fast = 0;
  deploy(interpreted, "from-module");
  EXPECT_FALSE(gateway_.status().active.native);
  run_frames(100, expected, slow);
  deploy(native, "native");
  EXPECT_TRUE(gateway_.status().active.native);
  run_frames(200, actual, fast);
  ASSERT_FALSE(HasFailure());
  EXPECT_EQ(expected, actual);
  std::fprintf(stderr, "%s: instructions a frame: interpreted %llu, native %llu, %.1f times fewer\n",
               GetParam().name, static_cast<unsigned long long>(slow), static_cast<unsigned long long>(fast),
               static_cast<double>(slow) / static_cast<double>(fast));
  EXPECT_LT(fast * 4, slow);

  const std::string native_trap = trap(900);
  EXPECT_NE(native_trap.find("out of bounds memory access in fall_off at "), std::string::npos)
      << native_trap;
  deploy(interpreted, "from-module-again");
  EXPECT_EQ(trap(901), native_trap);
}

TEST_P(NativeBoard, CanBeStoppedInALoopThatNeverEnds) {
  deploy(build({"thumbv7em", "rv32imac"}), "native");
  EXPECT_TRUE(gateway_.status().active.native);
  gateway_.send_frame(1, kSpin);
  std::this_thread::sleep_for(std::chrono::seconds(1));
  gateway_.desire({.generation = ++generation_, .app = false});
  EXPECT_TRUE(wait([&] { return gateway_.status().active.state == link::AppState::stopped; }, 10));
}

INSTANTIATE_TEST_SUITE_P(Kinds, NativeBoard, testing::ValuesIn(rig::board_kinds()), [](const auto& info) {
  std::string name = info.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace pipit
