// Mewz as a Node: the device agent in a machine dials a real broker and says who it is.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "link/messages.h"
#include "rig/services.h"
#include "rig/vm.h"

namespace pipit::rig {
namespace {

TEST(MewzNode, SaysHelloToABroker) {
  auto state = State::open("mewz-node-test-" + std::to_string(getpid()));
  ASSERT_TRUE(state.ok()) << state.error().text;
  ASSERT_TRUE(state->claim().ok());
  auto broker = Broker::start(*state);
  ASSERT_TRUE(broker.ok()) << broker.error().text;

  VmOptions options;
  options.kernel = std::string(PIPIT_SOURCE_DIR) + "/build/mewz/bin/mewz";
  options.arguments =
      "agent broker=10.0.2.2:" + std::to_string(broker->port) + " blobs=10.0.2.2:1 token=a%20token";
  options.memory_mb = 32;
  options.network = true;
  options.mac = "52:54:00:0f:0e:0e";
  const std::string console = state->directory() + "/console";
  support::Process::Options process;
  process.log_file = state->directory() + "/qemu";
  auto machine = support::Process::start(vm_command(options, "file,path=" + console), process);
  ASSERT_TRUE(machine.ok()) << machine.error().text;

  const auto heard = support::run({"mosquitto_sub", "-h", "127.0.0.1", "-p", std::to_string(broker->port),
                                   "-t", "pipit/waiot-0f0e0e/hello", "-C", "1", "-W", "20", "-F", "%x"});
  ASSERT_TRUE(heard.ok()) << heard.error().text;
  std::vector<u8> message;
  for (usize i = 0; i + 1 < heard->out.size(); i += 2)
    message.push_back(static_cast<u8>(std::stoul(heard->out.substr(i, 2), nullptr, 16)));
  link::Hello hello;
  ASSERT_TRUE(link::decode(message, hello).ok()) << heard->out;
  EXPECT_EQ(hello.device, "waiot-0f0e0e");
  EXPECT_EQ(hello.board, "mewz");
  EXPECT_EQ(hello.arch, "amd64");
  EXPECT_EQ(hello.token, "a token");
  EXPECT_FALSE(hello.persistent);
  EXPECT_GT(hello.app_ram_bytes, 4u << 20);
  EXPECT_GT(hello.slot_bytes, 1u << 20);

  machine->kill_now();
  broker->service.stop();
  std::filesystem::remove_all(state->directory());
}

}  // namespace
}  // namespace pipit::rig
