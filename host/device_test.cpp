// The simulated device against real services: mosquitto and an HTTP server, everything over loopback TCP.
#include "host/device.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <random>

#include "host/tests/services.h"

namespace pipit::host {
namespace {

using namespace testing;
using agent::testing::echo;
using agent::testing::make_package;
using agent::testing::Package;
using agent::testing::wasm;
using link::AppState;
using link::Reason;

class QuietConsole final : public ports::Console {
 public:
  std::string text;
  void write(Bytes bytes) override { text += as_text(bytes); }
};

class DeviceTest : public ::testing::Test {
 protected:
  DeviceTest() : gateway_(broker_.port()) { start(); }

  void start() { device_ = make(); }
  std::unique_ptr<Device> make(const std::string& flash_file = "") {
    DeviceOptions options;
    options.broker_port = broker_.port();
    options.blob_port = blob_host_.port();
    options.token = "token";
    options.flash_file = flash_file;
    options.console = &console_;
    auto device = Device::create(options);
    EXPECT_TRUE(device.ok()) << device.error().text;
    return std::move(*device);
  }
  /// Runs everything until `done`, at most `seconds`.
  bool until(const std::function<bool()>& done, int seconds = 15) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      gateway_.poll();
      if (device_ != nullptr) device_->step(1);
      if (other_ != nullptr) other_->step(0);
    }
    return true;
  }
  void run_for(int ms) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
    until([&] { return std::chrono::steady_clock::now() > end; });
  }
  void desire(const std::string& instance, const Package& package, u32 attempt = 0) {
    blob_host_.offer(blobs_);
    link::Desired desired;
    desired.generation = ++generation_;
    desired.app = true;
    desired.instance = instance;
    desired.attempt = attempt;
    desired.manifest = package.manifest;
    gateway_.desire(kName, desired);
  }
  link::DeviceStatus status() { return gateway_.status(kName); }
  bool running(const std::string& instance) {
    return until(
        [&] { return status().active.instance == instance && status().active.state == AppState::running; });
  }
  bool answered(u32 sequence) {
    gateway_.feed(kName, sequence);
    return until([&] { return gateway_.answers.contains(sequence); }, 5);
  }
  void deploy_echo() {
    desire("uid-1", echo("1", blobs_));
    ASSERT_TRUE(running("uid-1")) << console_.text;
    ASSERT_TRUE(answered(1));
  }
  /// `package` fails for `reason` and version 1 goes on.
  void expect_refused(const Package& package, Reason reason) {
    deploy_echo();
    desire("uid-2", package);
    ASSERT_TRUE(until([&] { return status().next.state == AppState::failed; })) << console_.text;
    EXPECT_EQ(status().next.reason, reason);
    EXPECT_EQ(status().next.instance, "uid-2");
    EXPECT_FALSE(status().next.message.empty());
    EXPECT_EQ(status().active.instance, "uid-1");
    ASSERT_TRUE(answered(99));
    EXPECT_EQ(gateway_.answers[99].version, '1');
  }

  static constexpr const char* kName = "waiot-123456";
  Broker broker_;
  BlobHost blob_host_;
  GatewayEnd gateway_;
  QuietConsole console_;
  Blobs blobs_;
  std::unique_ptr<Device> device_, other_;
  u64 generation_ = 0;
};

TEST_F(DeviceTest, SaysHelloUntilItIsAdmitted) {
  gateway_.admit = false;
  ASSERT_TRUE(until([&] { return gateway_.hellos >= 2; }));
  EXPECT_FALSE(device_->agent().admitted());
  EXPECT_EQ(gateway_.hello.boot_count, 1u);
  EXPECT_EQ(gateway_.hello.app_ram_bytes, 56u * 1024);
  EXPECT_EQ(gateway_.hello.sensor_queue, 12u);
  gateway_.admit = true;
  ASSERT_TRUE(until([&] { return status().online; }));
  EXPECT_TRUE(device_->agent().admitted());
}

TEST_F(DeviceTest, DeploysAndAnswers) {
  deploy_echo();
  EXPECT_EQ(status().active.name, "echo");
  EXPECT_TRUE(until([&] { return !gateway_.logs.empty(); }));
  EXPECT_EQ(gateway_.logs, (std::vector<std::string>{"echo 1: ready, no arguments"}));
  EXPECT_EQ(blob_host_.served_bytes(), blobs_.begin()->second.size());
}

TEST_F(DeviceTest, TheWillTellsOfItsDeath) {
  deploy_echo();
  const u64 boot_id = device_->agent().boot_id();
  device_.reset();
  ASSERT_TRUE(until([&] { return !status().online; }));
  EXPECT_EQ(status().boot_id, boot_id);
}

TEST_F(DeviceTest, ReplacesTheApplicationUnderAnOpenLoopFeedAndLosesNothing) {
  deploy_echo();
  desire("uid-2", echo("2", blobs_));
  for (u32 sequence = 100; sequence < 400; ++sequence) {
    gateway_.feed(kName, sequence);
    run_for(4);
  }
  ASSERT_TRUE(running("uid-2"));
  ASSERT_TRUE(until([&] { return gateway_.answers.contains(399); }));
  char version = '1';
  for (u32 sequence = 100; sequence < 400; ++sequence) {
    EXPECT_EQ(gateway_.answers[sequence].count, 1u) << sequence;
    EXPECT_GE(gateway_.answers[sequence].version, version) << "never back to the old one";
    version = std::max(version, gateway_.answers[sequence].version);
  }
  EXPECT_EQ(version, '2');
  ASSERT_TRUE(until([&] { return status().handovers == 1; }));
  EXPECT_EQ(status().frames_dropped, 0u);
  EXPECT_GT(status().handover_instructions, 0u);
}

TEST_F(DeviceTest, FetchesOverAConnectionThatKeepsBreaking) {
  blob_host_.be_unreliable();
  Buffer model(100'000, 9);  // not a model: what counts here is that all of it arrives, and then is refused
  desire("uid-1", make_package({.module = wasm("echo1"), .model = model}, blobs_));
  ASSERT_TRUE(until([&] { return status().next.state == AppState::failed; }, 60)) << console_.text;
  EXPECT_EQ(status().next.reason, Reason::invalid_model) << status().next.message;
  EXPECT_EQ(blob_host_.served_bytes(), model.size() + wasm("echo1").size()) << "nothing twice";
}

TEST_F(DeviceTest, RefusesABadDigest) {
  const Package package = echo("2", blobs_);
  for (auto& [name, data] : blobs_) data[50] ^= 1;
  expect_refused(package, Reason::digest_mismatch);
}

TEST_F(DeviceTest, RefusesAnUnknownImport) {
  expect_refused(make_package({.module = wasm("stranger"), .imports = {"env.mystery"}}, blobs_),
                 Reason::unknown_import);
}

TEST_F(DeviceTest, RefusesTooMuchMemory) {
  expect_refused(make_package({.module = wasm("echo2"), .memory_bytes = 65'536}, blobs_),
                 Reason::out_of_memory);
}

TEST_F(DeviceTest, RefusesAnInvalidModel) {
  expect_refused(make_package({.module = wasm("echo2"), .model = Buffer(64, 1)}, blobs_),
                 Reason::invalid_model);
}

TEST_F(DeviceTest, ATrapAtTheStartNamesItsFunction) {
  expect_refused(make_package({.module = wasm("crash")}, blobs_), Reason::trapped);
  EXPECT_EQ(status().next.trap_func, "explode");
  EXPECT_GT(status().next.trap_offset, 0u);
}

TEST_F(DeviceTest, AnUnreachableBlobServerLeavesTheOldOne) {
  deploy_echo();
  link::Desired desired;
  desired.generation = ++generation_;
  desired.app = true;
  desired.instance = "uid-2";
  const Package package = echo("2", blobs_);  // never offered: 404
  desired.manifest = package.manifest;
  gateway_.desire(kName, desired);
  ASSERT_TRUE(until([&] { return status().next.state == AppState::failed; }));
  EXPECT_EQ(status().next.reason, Reason::fetch_failed);
  ASSERT_TRUE(answered(5));
}

TEST_F(DeviceTest, HostileBytesOnItsTopicsChangeNothing) {
  deploy_echo();
  std::mt19937 random(17);
  for (int round = 0; round < 100; ++round) {
    Buffer bytes(random() % 300);
    for (u8& byte : bytes) byte = static_cast<u8>(random());
    for (const char* leaf : {"desired", "admission", "sensor/camera", "sensor/", "whatever"})
      gateway_.send_raw(kName, leaf, bytes);
    run_for(2);
  }
  gateway_.send_raw(kName, "desired", Buffer(20'000, 0xA1));
  run_for(50);
  ASSERT_TRUE(answered(77));
  EXPECT_EQ(gateway_.answers[77].version, '1');
  EXPECT_EQ(device_->agent().status().next.state, AppState::none);
}

TEST_F(DeviceTest, TheSecondOfTwoWithOneIdentityIsRefusedAndStaysSilent) {
  deploy_echo();
  const u64 first = device_->agent().boot_id();
  other_ = make();
  ASSERT_TRUE(until([&] { return other_->agent().refused(); }));
  EXPECT_NE(other_->agent().boot_id(), first);
  EXPECT_EQ(other_->agent().status().active.state, AppState::none);
  ASSERT_TRUE(answered(6));
  EXPECT_EQ(gateway_.answers[6].count, 1u);
  EXPECT_EQ(status().boot_id, first);
  // The first one goes; the other asks again and gets the name, and with it what is desired.
  device_.reset();
  gateway_.holders.clear();
  ASSERT_TRUE(until([&] { return other_->agent().admitted(); }));
  ASSERT_TRUE(until([&] { return status().boot_id != first && status().active.state == AppState::running; }));
}

TEST_F(DeviceTest, ComesBackAfterTheBrokerWasAway) {
  deploy_echo();
  broker_.stop();
  run_for(500);
  EXPECT_FALSE(device_->agent().connected());
  broker_.start();
  ASSERT_TRUE(until([&] { return device_->agent().admitted(); }, 20));
  ASSERT_TRUE(until([&] { return status().online; }));
  ASSERT_TRUE(answered(8));
  EXPECT_EQ(status().active.instance, "uid-1") << "it ran on meanwhile";
}

TEST_F(DeviceTest, ResultsAreHeldUntilItIsAdmitted) {
  deploy_echo();
  gateway_.admit = false;
  broker_.stop();
  run_for(300);
  broker_.start();
  ASSERT_TRUE(until([&] { return device_->agent().connected(); }));
  gateway_.feed(kName, 30);
  run_for(500);
  EXPECT_FALSE(gateway_.answers.contains(30)) << "its name may be another's by now";
  gateway_.admit = true;
  ASSERT_TRUE(until([&] { return device_->agent().admitted(); }));
  ASSERT_TRUE(until([&] { return status().online; }));
  ASSERT_TRUE(answered(31));
}

TEST_F(DeviceTest, StartsTheStoredApplicationAfterARestart) {
  const std::string file = "/tmp/pipit-flash-" + std::to_string(getpid());
  device_ = make(file);
  deploy_echo();
  device_ = make(file);
  EXPECT_TRUE(until([&] { return device_->agent().status().active.state == AppState::running; }, 2))
      << "before it is admitted again";
  gateway_.holders.clear();
  ASSERT_TRUE(until([&] { return status().boot_count == 2; }));
  ASSERT_TRUE(answered(9));
  EXPECT_EQ(blob_host_.served_bytes(), wasm("echo1").size()) << "not fetched again";
  device_.reset();
  unlink(file.c_str());
}

TEST(DeviceOptions, AreParsedStrictly) {
  ports::Ipv4 host;
  u16 port;
  EXPECT_TRUE(parse_endpoint("127.0.0.1:1883", host, port).ok());
  EXPECT_EQ(port, 1883);
  EXPECT_EQ(host, (ports::Ipv4{127, 0, 0, 1}));
  for (const char* bad :
       {"", "localhost:1", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", ":80"})
    EXPECT_FALSE(parse_endpoint(bad, host, port).ok()) << bad;
  EXPECT_EQ(parse_mac("52:54:00:ab:CD:ef").value(), (ports::MacAddress{0x52, 0x54, 0x00, 0xAB, 0xCD, 0xEF}));
  for (const char* bad :
       {"", "52:54:00:ab:cd", "52-54-00-ab-cd-ef", "52:54:00:ab:cd:eg", "52:54:00:ab:cd:ef:"})
    EXPECT_FALSE(parse_mac(bad).ok()) << bad;
}

}  // namespace
}  // namespace pipit::host
