#include "mewz/boot/command_line.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace pipit::mewz {
namespace {

TEST(CommandLine, ReadsEveryWord) {
  CommandLine line;
  const Status status = parse_command_line(
      "app=server.wasm arg=--port=80  arg=a%20b%25 env=HOME=/tmp ip=10.0.2.15/24,10.0.2.2 dns=10.0.2.3 "
      "mount=share:/data tmpfs=/tm%70,65536 stack=65536 nofiles trace virtio_mmio.device=512@0xfeb00e00:12 "
      "virtio_mmio.device=4K@0xd0000000:5",
      line);
  ASSERT_TRUE(status.ok()) << status.error().message << " at " << status.error().where;
  EXPECT_EQ(line.app, "server.wasm");
  ASSERT_EQ(line.argument_count, 2u);
  EXPECT_EQ(line.arguments[0], "--port=80");
  EXPECT_EQ(line.arguments[1], "a b%");
  ASSERT_EQ(line.environment_count, 1u);
  EXPECT_EQ(line.environment[0], "HOME=/tmp");
  EXPECT_TRUE(line.address.given);
  EXPECT_EQ(line.address.address[3], 15);
  EXPECT_EQ(line.address.gateway[3], 2);
  EXPECT_EQ(line.address.prefix_bits, 24);
  EXPECT_EQ(line.name_server[3], 3);
  ASSERT_EQ(line.mount_count, 1u);
  EXPECT_EQ(line.mounts[0].tag, "share");
  EXPECT_EQ(line.mounts[0].path, "/data");
  ASSERT_EQ(line.scratch_count, 1u);
  EXPECT_EQ(line.scratch[0].path, "/tmp");
  EXPECT_EQ(line.scratch[0].bytes, 65536u);
  EXPECT_EQ(line.stack_bytes, 65536u);
  EXPECT_TRUE(line.no_files);
  EXPECT_TRUE(line.trace);
  CommandLine node;
  ASSERT_TRUE(
      parse_command_line("agent broker=10.0.2.2:1883 blobs=10.0.2.2:8080 token=a%20b tls.port=8443", node)
          .ok());
  EXPECT_TRUE(node.agent);
  EXPECT_EQ(node.broker.host[3], 2);
  EXPECT_EQ(node.broker.port, 1883);
  EXPECT_EQ(node.blobs.port, 8080);
  EXPECT_EQ(node.tls_port, 8443);
  EXPECT_EQ(node.token, "a b");
  ASSERT_EQ(line.transport_count, 2u);
  EXPECT_EQ(line.transports[0].address, 0xFEB0'0E00u);
  EXPECT_EQ(line.transports[0].line, 12u);
  EXPECT_EQ(line.transports[1].bytes, 4096u);
}

TEST(CommandLine, NamesTheWordThatIsWrong) {
  const char* const kWrong[] = {"colour=red",
                                "app=",
                                "arg=%2",
                                "arg=%zz",
                                "arg=%00",
                                "env=KEY",
                                "env==x",
                                "ip=1.2.3",
                                "ip=1.2.3.4",
                                "ip=1.2.3.4/99",
                                "ip=256.1.1.1/8",
                                "broker=1.2.3.4",
                                "blobs=1.2.3.4:0",
                                "tls.port=0",
                                "tls.port=65536",
                                "broker=1.2.3:4",
                                "token=%",
                                "dns=1.2.3.4.5",
                                "mount=:/x",
                                "mount=a",
                                "tmpfs=/a",
                                "tmpfs=a,65536",
                                "tmpfs=/a,65535",
                                "tmpfs=/a,1073741825",
                                "stack=1",
                                "stack=x",
                                "trace=1",
                                "nofiles=1",
                                "virtio_mmio.device=512",
                                "virtio_mmio.device=512@feb:1",
                                "virtio_mmio.device=1@0xfeb00000:1",
                                "virtio_mmio.device=512@0xfeb00001:1",
                                "virtio_mmio.device=512@0xfeb00000:999"};
  for (const char* wrong : kWrong) {
    CommandLine line;
    const Status status = parse_command_line(std::string("trace ") + wrong + " trace", line);
    ASSERT_FALSE(status.ok()) << wrong;
    EXPECT_EQ(status.error().where, 6u) << wrong;
  }
  CommandLine line;
  std::string many;
  for (u32 i = 0; i < 65; ++i) many += "arg=x ";
  EXPECT_FALSE(parse_command_line(many, line).ok());
}

TEST(CommandLine, SurvivesAnyCharacters) {
  const std::string seeds[] = {
      "app=a arg=%41 env=K=V ip=1.2.3.4/8,1.1.1.1 mount=a:/b tmpfs=/c,70000 stack=4096",
      "virtio_mmio.device=512@0xfeb00e00:12 dns=1.1.1.1 trace ip=dhcp"};
  std::mt19937 random(3);
  for (u32 round = 0; round < 20'000; ++round) {
    std::string words = seeds[round % 2];
    for (u32 i = random() % 6; i > 0; --i) words[random() % words.size()] = static_cast<char>(random());
    CommandLine line;
    (void)parse_command_line(words, line);
    for (u32 i = 0; i < line.argument_count; ++i)
      EXPECT_TRUE(line.arguments[i].empty() ||
                  (line.arguments[i].data() >= line.text &&
                   line.arguments[i].data() + line.arguments[i].size() <= line.text + line.text_bytes));
  }
}

TEST(Config, HasAWordALine) {
  CommandLine line;
  const std::string file =
      "#mewz\narg=two words\n\n# a remark\nenv=NAME=a=b c%21\nip=10.0.0.2/8\n" + std::string("\0garbage", 8);
  const Status status = parse_config(file, line);
  ASSERT_TRUE(status.ok()) << status.error().message << " at " << status.error().where;
  ASSERT_EQ(line.argument_count, 1u);
  EXPECT_EQ(line.arguments[0], "two words");
  ASSERT_EQ(line.environment_count, 1u);
  EXPECT_EQ(line.environment[0], "NAME=a=b c!");
  EXPECT_TRUE(line.address.given);
}

TEST(Config, NamesTheLineThatIsWrong) {
  CommandLine line;
  const Status wrong = parse_config("#mewz\narg=a\ncolour=red\n", line);
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().where, 12u);
  EXPECT_EQ(parse_config(std::string(kMaxConfigBytes + 1, '#'), line).error().code, Code::out_of_range);
}

/// Any bytes: parsed or refused, within the memory there is for what they say.
TEST(Config, SurvivesAnyBytes) {
  constexpr std::string_view kSample =
      "#mewz\napp=a.wasm\narg=x%20y\nenv=A=b\nip=10.0.2.15/24,10.0.2.2\ndns=1.2.3.4\nmount=a:/"
      "b\nstack=65536\n"
      "broker=1.2.3.4:5\nvirtio_mmio.device=512@0xfeb00e00:12\n";
  std::mt19937 random(17);
  for (u32 round = 0; round < 20'000; ++round) {
    std::string file(kSample);
    for (u32 i = 1 + random() % 5; i > 0; --i) {
      const usize at = random() % file.size();
      if (random() % 3 == 0)
        file.insert(at, file.substr(random() % file.size(), random() % 40));
      else
        file[at] = random() % 2 != 0 ? "=%:@,/.\n 0xf"[random() % 12] : static_cast<char>(random());
    }
    CommandLine line;
    (void)parse_config(file, line);
    ASSERT_LE(line.text_bytes, CommandLine::kMaxText);
    ASSERT_LE(line.argument_count, CommandLine::kMaxArguments);
    ASSERT_LE(line.transport_count, CommandLine::kMaxTransports);
  }
}

}  // namespace
}  // namespace pipit::mewz
