#pragma once
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

constexpr u32 kFrameBytes = 64;

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
  static std::vector<u8> frame(u32 sequence, u8 first) {
    std::vector<u8> data(kFrameBytes);
    for (u32 i = 0; i < kFrameBytes; ++i) data[i] = static_cast<u8>(sequence % 100 * 31 + i * i * 7);
    data[0] = first;
    return data;
  }
  void send_frame(u32 sequence, u8 first) {
    const std::vector<u8> data = frame(sequence, first);
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

/// The real firmware under QEMU with a real broker, the gateway's blob server and a gateway of the test's
/// own.
class BoardFixture : public testing::TestWithParam<rig::BoardKind> {
 protected:
  /// What a build folder is called after its board.
  virtual const char* variant() const { return ""; }
  void SetUp() override {
    firmware_ = std::string(PIPIT_SOURCE_DIR) + "/build/" + GetParam().name + variant() + "/bin/waiot";
    if (!support::exists(firmware_)) GTEST_SKIP() << "no firmware for " << GetParam().name << variant();
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
  package::BuildReport build(const package::BuildOptions& options) {
    auto report = package::build(options);
    EXPECT_TRUE(report.ok()) << report.error().text;
    const auto serve = [&](const std::vector<u8>& blob) {
      EXPECT_TRUE(support::write_file(folder_ + "/images/blobs/" + support::sha256_hex(blob), blob).ok());
    };
    std::filesystem::create_directories(folder_ + "/images/blobs");
    serve(report->package.module);
    for (const auto& native : report->package.natives) serve(native.data);
    for (const auto& model : report->package.models) serve(model.data);
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
  std::string firmware_, folder_;
  std::optional<rig::State> state_;
  rig::Broker broker_;
  std::optional<gateway::Images> images_;
  std::unique_ptr<gateway::BlobServer> blobs_;
  Gateway gateway_;
  std::optional<rig::Board> board_;
  u64 generation_ = 0;
};

}  // namespace pipit
