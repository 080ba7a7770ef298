// Mewz as a Node: the device agent in a machine dials a real broker and says who it is.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "link/messages.h"
#include "rig/board.h"
#include "rig/services.h"

namespace pipit::rig {
namespace {

TEST(MewzNode, SaysHelloToABroker) {
  auto state = State::open("mewz-node-test-" + std::to_string(getpid()));
  ASSERT_TRUE(state.ok()) << state.error().text;
  ASSERT_TRUE(state->claim().ok());
  auto broker = Broker::start(*state);
  ASSERT_TRUE(broker.ok()) << broker.error().text;

  BoardOptions options;
  options.board = kMewzBoard;
  options.firmware = std::string(PIPIT_SOURCE_DIR) + "/build/mewz/bin/" + image_name(kMewzBoard);
  options.directory = state->directory() + "/mewz";
  options.mac = "52:54:00:0f:0e:0e";
  options.broker_host = options.blob_host = {10, 0, 2, 2};
  options.broker_port = broker->port;
  options.blob_port = 1;
  options.token = "a-token";
  auto machine = Board::start(options);
  ASSERT_TRUE(machine.ok()) << machine.error().text;
  EXPECT_EQ(machine->device(), "waiot-0f0e0e");

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
  EXPECT_EQ(hello.token, "a-token");
  EXPECT_FALSE(hello.persistent);
  EXPECT_GT(hello.app_ram_bytes, 4u << 20);
  EXPECT_GT(hello.slot_bytes, 1u << 20);

  machine->power_off();
  broker->service.stop();
  std::filesystem::remove_all(state->directory());
}

}  // namespace
}  // namespace pipit::rig
