#include "agent/supervisor.h"

#include <gtest/gtest.h>

#include "agent/tests/device.h"

namespace pipit::agent {
namespace {

using namespace testing;
using link::AppState;
using link::Reason;

constexpr u32 kFlash = 1 << 20, kSector = 4096;

class SupervisorTest : public ::testing::Test {
 protected:
  SupervisorTest() : flash_(kFlash, kSector) { restart(); }
  void restart() {
    device_.reset();
    device_ = std::make_unique<TestDevice>(flash_, blobs_);
  }
  /// Version 1 is deployed and answers.
  void deploy_echo() {
    device_->desire("uid-1", echo("1", blobs_));
    device_->run();
    ASSERT_EQ(device_->status().active.state, AppState::running);
    ASSERT_EQ(device_->answers(1), '1');
  }
  /// `package` is refused for `reason`; version 1 goes on.
  void expect_refused(const Package& package, Reason reason, std::string_view message) {
    device_->desire("uid-bad", package);
    device_->run(4000);
    const auto status = device_->status();
    EXPECT_EQ(status.next.state, AppState::failed);
    EXPECT_EQ(status.next.reason, reason) << link::reason_text(status.next.reason);
    EXPECT_EQ(status.next.instance, "uid-bad");
    EXPECT_NE(status.next.message.find(message), std::string_view::npos) << status.next.message;
    EXPECT_EQ(status.active.instance, "uid-1");
    EXPECT_EQ(device_->answers(99), '1');
  }

  CutFlash flash_;
  Blobs blobs_;
  std::unique_ptr<TestDevice> device_;
};

TEST_F(SupervisorTest, DeploysTheFirstApplication) {
  device_->desire("uid-1", echo("1", blobs_), 0, {"--fast"});
  EXPECT_EQ(device_->status().next.state, AppState::verifying);
  device_->run();
  const auto status = device_->status();
  EXPECT_EQ(status.active.state, AppState::running) << status.next.message;
  EXPECT_EQ(status.active.name, "echo");
  EXPECT_EQ(status.active.version, "1");
  EXPECT_EQ(status.next.state, AppState::none);
  EXPECT_EQ(device_->uplink.lines, (std::vector<std::string>{"echo 1: ready, --fast"}));
  EXPECT_EQ(device_->answers(7), '1');
  EXPECT_EQ(device_->uplink.results[0].payload[1], 1 + 2 + 3 + 4);
  EXPECT_EQ(device_->uplink.results[0].instance, "uid-1");
}

TEST_F(SupervisorTest, TheSameDesiredStateAgainChangesNothing) {
  deploy_echo();
  const u64 writes = flash_.operations();
  device_->desire("uid-1", echo("1", blobs_));
  device_->run();
  EXPECT_EQ(flash_.operations(), writes);
  EXPECT_EQ(device_->uplink.lines.size(), 1u) << "not started again";
  EXPECT_EQ(device_->status().next.state, AppState::none);
}

TEST_F(SupervisorTest, ReplacesItWhileFramesFlowAndLosesNone) {
  deploy_echo();
  device_->desire("uid-2", echo("2", blobs_));
  for (u32 sequence = 100; sequence < 300; ++sequence) {
    device_->frame(sequence);
    device_->run(3);
  }
  device_->run();
  const auto status = device_->status();
  EXPECT_EQ(status.active.instance, "uid-2");
  EXPECT_EQ(status.frames_dropped, 0u);
  EXPECT_EQ(status.handovers, 1u);
  EXPECT_GT(status.handover_instructions, 0u);
  std::string versions;
  u32 expected = 100;
  for (const auto& result : device_->uplink.results) {
    if (result.sequence < 100) continue;
    EXPECT_EQ(result.sequence, expected++) << "in order, none twice, none missing";
    if (versions.empty() || versions.back() != static_cast<char>(result.payload[0]))
      versions += static_cast<char>(result.payload[0]);
  }
  EXPECT_EQ(expected, 300u);
  EXPECT_EQ(versions, "12") << "version 1 answered until version 2 took over";
}

TEST_F(SupervisorTest, AStoredPackageIsNotFetchedAgain) {
  deploy_echo();
  device_->desire("uid-2", echo("2", blobs_));
  device_->run();
  ASSERT_EQ(device_->answers(2), '2');
  const u64 served = device_->stream.served_bytes;
  device_->desire("uid-3", echo("1", blobs_));  // back to the version before
  device_->run();
  EXPECT_EQ(device_->answers(3), '1');
  device_->desire("uid-4", echo("1", blobs_));  // the same package for another Pod
  device_->run();
  EXPECT_EQ(device_->answers(4), '1');
  EXPECT_EQ(device_->status().active.instance, "uid-4");
  EXPECT_EQ(device_->stream.served_bytes, served);
}

TEST_F(SupervisorTest, ADamagedSlotIsFetchedAgain) {
  deploy_echo();
  device_->desire("uid-2", echo("2", blobs_));
  device_->run();
  // Version 1 lies in a slot nobody runs from; change a byte of its module there.
  const Buffer module = wasm("echo1");
  auto& memory = flash_.memory();
  const auto at = std::search(memory.begin(), memory.end(), module.begin(), module.end());
  ASSERT_NE(at, memory.end());
  *(at + 200) ^= 0x10;
  const u64 served = device_->stream.served_bytes;
  device_->desire("uid-3", echo("1", blobs_));
  device_->run(4000);
  EXPECT_EQ(device_->answers(3), '1');
  EXPECT_EQ(device_->stream.served_bytes, served + module.size());
}

TEST_F(SupervisorTest, NothingDesiredStopsAtOnceAndForGood) {
  deploy_echo();
  device_->desire_nothing();
  EXPECT_EQ(device_->status().active.state, AppState::stopped);
  EXPECT_EQ(device_->answers(2), '-');
  EXPECT_EQ(device_->status().frames_dropped, 1u);
  restart();
  device_->run();
  EXPECT_EQ(device_->status().active.state, AppState::none);
}

TEST_F(SupervisorTest, StartsTheStoredApplicationWithoutANetwork) {
  device_->desire("uid-1", echo("1", blobs_), 4, {"--stored"});
  device_->run();
  blobs_.clear();
  for (u32 boot = 2; boot < 30; ++boot) {
    restart();
    device_->run();
    EXPECT_EQ(device_->answers(boot), '1');
    const auto status = device_->status();
    EXPECT_EQ(status.boot_count, boot);
    EXPECT_EQ(status.active.instance, "uid-1");
    EXPECT_EQ(status.active.attempt, 4u);
    EXPECT_EQ(device_->uplink.lines[0], "echo 1: ready, --stored");
    EXPECT_EQ(device_->stream.connects, 0u);
  }
}

TEST_F(SupervisorTest, RefusesUnknownImportsBeforeFetching) {
  deploy_echo();
  const u64 served = device_->stream.served_bytes;
  expect_refused(make_package({.module = wasm("stranger"), .imports = {"env.mystery"}}, blobs_),
                 Reason::unknown_import, "env.mystery");
  EXPECT_EQ(device_->stream.served_bytes, served);
}

TEST_F(SupervisorTest, RefusesUnknownImportsTheManifestKeptSilentAbout) {
  deploy_echo();
  expect_refused(make_package({.module = wasm("stranger")}, blobs_), Reason::unknown_import, "env.mystery");
}

TEST_F(SupervisorTest, RefusesWhatNeedsMoreMemoryThanThereIs) {
  deploy_echo();
  expect_refused(
      make_package({.module = wasm("echo2"), .memory_bytes = 40'000, .arena_bytes = 10'000}, blobs_),
      Reason::out_of_memory, "this device has 49152");
  expect_refused(
      make_package({.module = wasm("echo2"), .memory_bytes = 44'000, .stack_bytes = 4'900}, blobs_),
      Reason::out_of_memory, "");
  expect_refused(make_package({.module = Buffer(kFlash, 0)}, blobs_), Reason::out_of_memory, "flash");
}

TEST_F(SupervisorTest, RefusesAWrongDigest) {
  deploy_echo();
  const Package package = echo("2", blobs_);
  for (auto& [name, data] : blobs_)
    if (data == wasm("echo2")) data[100] ^= 1;
  expect_refused(package, Reason::digest_mismatch, "digest");
}

TEST_F(SupervisorTest, RefusesInvalidModules) {
  deploy_echo();
  Buffer truncated = wasm("echo2");
  truncated.resize(truncated.size() / 2);
  expect_refused(make_package({.module = truncated}, blobs_), Reason::invalid_module, "at ");
  expect_refused(make_package({.module = Buffer(100, 0)}, blobs_), Reason::invalid_module, "at ");
}

TEST_F(SupervisorTest, RefusesAnInvalidModel) {
  deploy_echo();
  expect_refused(make_package({.module = wasm("echo2"), .model = Buffer(500, 7)}, blobs_),
                 Reason::invalid_model, "model \"default\"");
}

TEST_F(SupervisorTest, RefusesAMalformedManifest) {
  deploy_echo();
  Package package = echo("2", blobs_);
  package.manifest.resize(package.manifest.size() - 3);
  expect_refused(package, Reason::invalid_manifest, "");
}

TEST_F(SupervisorTest, RefusesAPackageTheServerDoesNotHave) {
  deploy_echo();
  const Package package = echo("2", blobs_);
  blobs_.clear();
  expect_refused(package, Reason::fetch_failed, "404");
}

TEST_F(SupervisorTest, RefusesArgumentsThatAreTooLong) {
  deploy_echo();
  const std::string long_one(250, 'a');
  device_->desire("uid-2", echo("2", blobs_), 0, {long_one, long_one, long_one, long_one, long_one});
  const auto status = device_->status();
  EXPECT_EQ(status.next.reason, Reason::unsupported_arguments);
  EXPECT_EQ(status.next.instance, "uid-2") << "whose it is must be told";
  EXPECT_EQ(device_->answers(2), '1');
}

TEST_F(SupervisorTest, ATrapAtTheStartIsExplained) {
  deploy_echo();
  expect_refused(make_package({.module = wasm("crash")}, blobs_), Reason::trapped, "unreachable");
  const auto status = device_->status();
  EXPECT_EQ(status.next.trap_func, "explode");
  EXPECT_GT(status.next.trap_offset, 0u);
  const Buffer module = wasm("crash");
  ASSERT_LT(status.next.trap_offset, module.size());
  EXPECT_EQ(module[status.next.trap_offset], 0x00) << "the opcode of unreachable";
}

TEST_F(SupervisorTest, ATrapOfTheActiveOneIsToldAndAnAttemptRestartsIt) {
  deploy_echo();
  device_->frame(2, 0xEE);
  device_->run();
  auto status = device_->status();
  EXPECT_EQ(status.active.state, AppState::failed);
  EXPECT_EQ(status.active.reason, Reason::trapped);
  EXPECT_EQ(status.active.trap_func, "explode");
  EXPECT_EQ(device_->answers(3), '-');
  device_->desire("uid-1", echo("1", blobs_));
  device_->run();
  EXPECT_EQ(device_->answers(4), '-') << "the same attempt";
  const u64 served = device_->stream.served_bytes;
  device_->desire("uid-1", echo("1", blobs_), 1);
  device_->run();
  EXPECT_EQ(device_->answers(5), '1');
  EXPECT_EQ(device_->status().active.attempt, 1u);
  EXPECT_EQ(device_->stream.served_bytes, served);
}

TEST_F(SupervisorTest, AnApplicationMayEndByItself) {
  device_->desire("uid-1", make_package({.module = wasm("quit")}, blobs_));
  device_->run();
  const auto status = device_->status();
  EXPECT_EQ(status.active.state, AppState::exited);
  EXPECT_EQ(status.active.exit_code, 3u);
  EXPECT_EQ(device_->uplink.lines, (std::vector<std::string>{"good bye"}));
}

TEST_F(SupervisorTest, ASuccessorThatEndsAtOnceDoesNotTakeOver) {
  deploy_echo();
  device_->desire("uid-2", make_package({.module = wasm("quit")}, blobs_));
  device_->run();
  EXPECT_EQ(device_->status().next.state, AppState::exited);
  EXPECT_EQ(device_->status().next.exit_code, 3u);
  EXPECT_EQ(device_->answers(2), '1');
}

TEST_F(SupervisorTest, OneThatNeverReadsTakesOverAfterAWhile) {
  deploy_echo();
  device_->desire("uid-2", make_package({.module = wasm("busy")}, blobs_));
  device_->run(4000);
  EXPECT_EQ(device_->status().active.instance, "uid-1");
  EXPECT_EQ(device_->status().next.state, AppState::starting);
  device_->run(2000);
  EXPECT_EQ(device_->status().active.instance, "uid-2");
}

TEST_F(SupervisorTest, ChangingOnesMindOnTheWay) {
  deploy_echo();
  device_->desire("uid-2", echo("2", blobs_));
  device_->run(4);
  device_->desire("uid-1", echo("1", blobs_));
  device_->run();
  EXPECT_EQ(device_->status().next.state, AppState::none);
  EXPECT_EQ(device_->answers(2), '1');
  device_->desire("uid-2", echo("2", blobs_));
  device_->run(4);
  device_->desire_nothing();
  device_->run();
  EXPECT_EQ(device_->status().active.state, AppState::stopped);
  EXPECT_EQ(device_->status().next.state, AppState::none);
}

TEST_F(SupervisorTest, ResultsWaitForRoomAndFramesForTheApplication) {
  deploy_echo();
  device_->uplink.full = true;
  for (u32 sequence = 10; sequence < 25; ++sequence) {
    device_->frame(sequence);
    device_->run(10);
  }
  EXPECT_EQ(device_->uplink.results.size(), 1u);
  EXPECT_EQ(device_->status().frames_dropped, 15u - 1 - 8) << "one in hand, eight in the queue";
  device_->uplink.full = false;
  device_->run();
  EXPECT_EQ(device_->uplink.results.size(), 1u + 9);
}

// A swap is cut at every write to flash in turn; after the restart, without any network, the old or the new
// version answers, and the device can still be told to run either.
TEST_F(SupervisorTest, ACutOfPowerAnywhereLeavesTheOldOrTheNew) {
  deploy_echo();
  const Buffer before = flash_.memory();
  u32 old_ones = 0, new_ones = 0;
  for (u64 cut = 1;; ++cut) {
    flash_.memory() = before;
    flash_.cut_at(0);
    restart();
    device_->run();
    ASSERT_EQ(device_->answers(1), '1');
    flash_.cut_at(cut);
    device_->desire("uid-2", echo("2", blobs_));
    device_->run();
    const bool cut_happened = flash_.off();
    flash_.cut_at(0);
    const Blobs kept = std::exchange(blobs_, {});
    restart();
    device_->run();
    const char version = device_->answers(5);
    ASSERT_TRUE(version == '1' || version == '2') << "cut " << cut;
    (version == '1' ? old_ones : new_ones) += 1;
    blobs_ = kept;
    device_->desire("uid-3", echo("2", blobs_));
    device_->run();
    ASSERT_EQ(device_->answers(6), '2') << "cut " << cut;
    if (!cut_happened) break;
  }
  EXPECT_GT(old_ones, 5u);
  EXPECT_EQ(new_ones, 1u) << "only the swap that was not cut";
}

}  // namespace
}  // namespace pipit::agent
