// A run that begins on Linux and ends on each board. The boards' presets build the image and the module.
#include "wasm/checkpoint.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "support/files.h"
#include "support/process.h"

namespace pipit::wasm {
namespace {

constexpr u32 kMemoryBytes = 24'576, kStackBytes = 1'024;  // as in the boards' image

/// An instance of a module on Linux.
struct Here {
  explicit Here(const std::vector<u8>& bytes) : memory(1 << 20), arena(memory) {
    auto loaded = ValidModule::load(bytes, arena);
    EXPECT_TRUE(loaded.ok());
    auto code = translate_in(*loaded, arena);
    EXPECT_TRUE(code.ok());
    auto created = Instance::create(
        *loaded, {},
        {.engine = &kRegisterEngine, .code = *code, .memory_bytes = kMemoryBytes, .stack_bytes = kStackBytes},
        arena);
    EXPECT_TRUE(created.ok());
    instance = *created;
  }
  RunState call(const char* name, u64 fuel = ~u64{0}) {
    EXPECT_TRUE(instance->start(*instance->module().exported_function(name)).ok());
    return instance->resume(fuel);
  }
  std::vector<u8> memory;
  Arena arena;
  Instance* instance = nullptr;
};

std::vector<u8> save(Instance& instance) {
  std::vector<u8> bytes(4);
  const CodeSink sink{[](void* context, Bytes part) {
                        auto& all = *static_cast<std::vector<u8>*>(context);
                        all.insert(all.end(), part.begin(), part.end());
                        return true;
                      },
                      &bytes};
  const Status status = checkpoint(instance, sink);
  EXPECT_TRUE(status.ok()) << status.error().message;
  const u32 length = static_cast<u32>(bytes.size()) - 4;
  std::memcpy(bytes.data(), &length, 4);
  return bytes;
}

u64 number_after(const std::string& text, const std::string& what) {
  const usize at = text.find(what);
  return at == std::string::npos ? 0 : std::stoull(text.substr(at + what.size()));
}

class CheckpointOnBoard : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const char* builds = std::getenv("PIPIT_BOARD_BUILDS");  // such as build/bench-
    build_ = (builds != nullptr ? builds : std::string(PIPIT_SOURCE_DIR) + "/build/") + GetParam();
    directory_ = testing::TempDir() + "pipit-checkpoint-" + GetParam() + "-" + std::to_string(getpid());
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  /// The board's machine with `checkpoint` in its memory.
  std::vector<std::string> machine() const {
    const std::string saved = directory_ + "/checkpoint", console = directory_ + "/console";
    std::vector<std::string> command;
    if (std::string_view(GetParam()) == "mps2-an386") {
      command = {"qemu-system-arm",
                 "-M",
                 "mps2-an386",
                 "-kernel",
                 build_ + "/bin/wasm_resume",
                 "-device",
                 "loader,file=" + saved + ",addr=0x21000000,force-raw=on"};
    } else {
      constexpr u64 kBankBytes = 32u << 20;
      const std::string flash = directory_ + "/flash";
      std::filesystem::copy_file(build_ + "/bin/wasm_resume.bin", flash);
      std::filesystem::resize_file(flash, kBankBytes);
      std::filesystem::resize_file(saved, kBankBytes);
      command = {"qemu-system-riscv32",
                 "-M",
                 "virt",
                 "-bios",
                 "none",
                 "-m",
                 "512K",
                 "-drive",
                 "if=pflash,unit=0,format=raw,readonly=on,file=" + flash,
                 "-drive",
                 "if=pflash,unit=1,format=raw,readonly=on,file=" + saved};
    }
    for (const char* argument : {"-display", "none", "-monitor", "none", "-serial"})
      command.push_back(argument);
    command.push_back("file:" + console);
    return command;
  }
  std::string console() const {
    auto text = support::read_file(directory_ + "/console");
    return text.ok() ? std::string(text->begin(), text->end()) : "";
  }

  std::string build_, directory_;
};

TEST_P(CheckpointOnBoard, GoesOnWhereLinuxStopped) {
  const std::string module = build_ + "/bench/wasm/board/integer-mix.small.wasm";
  if (!std::filesystem::exists(build_ + "/bin/wasm_resume.bin") || !std::filesystem::exists(module))
    GTEST_SKIP() << "no image for " << GetParam() << ": its preset builds wasm_resume";
  const std::vector<u8> bytes = *support::read_file(module);
  Here whole(bytes);
  ASSERT_EQ(whole.call("kernel_init"), RunState::finished);
  const u64 before = whole.instance->fuel_used();
  ASSERT_EQ(whole.call("kernel_run"), RunState::finished);
  const u64 after = whole.instance->fuel_used();
  ASSERT_EQ(whole.call("kernel_checksum"), RunState::finished);

  Here begun(bytes);
  ASSERT_EQ(begun.call("kernel_init"), RunState::finished);
  ASSERT_EQ(begun.call("kernel_run", (after - before) / 2), RunState::paused);
  ASSERT_TRUE(support::write_file(directory_ + "/checkpoint", save(*begun.instance)).ok());

  auto process = support::Process::start(machine(), {.log_file = directory_ + "/qemu.log"});
  ASSERT_TRUE(process.ok()) << process.error().text;
  for (u32 tenths = 0; tenths < 600 && console().find("wasm_resume: done") == std::string::npos; ++tenths)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const std::string said = console();
  EXPECT_EQ(number_after(said, "fuel used before "), before + (after - before) / 2) << said;
  EXPECT_EQ(number_after(said.substr(said.rfind("wasm_resume: fuel used") == std::string::npos
                                         ? 0
                                         : said.rfind("wasm_resume: fuel used")),
                         "fuel used "),
            after)
      << said;
  EXPECT_EQ(number_after(said, "checksum "), whole.instance->results()[0].u64_) << said;
}

INSTANTIATE_TEST_SUITE_P(Boards, CheckpointOnBoard, ::testing::Values("mps2-an386", "virt-rv32"),
                         [](const auto& info) {
                           std::string name = info.param;
                           name[name.find('-')] = '_';
                           return name;
                         });

}  // namespace
}  // namespace pipit::wasm
