// The smallest image that runs native code (loader/), on QEMU's board: the result is Linux's, and an image or
// a package that was tampered with is refused.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "bench/wasm/board/loader/package.h"
#include "support/files.h"
#include "support/process.h"
#include "wasm/engine.h"
#include "wasm/native/format.h"

namespace pipit::loader {
namespace {

constexpr u32 kMemoryBytes = 24'576, kStackBytes = 4'096;
const std::string kBuild = std::string(PIPIT_SOURCE_DIR) + "/build/mps2-an386";
const std::string kModule = kBuild + "/bench/wasm/board/integer-mix.small.wasm";

class Loader : public testing::Test {
 protected:
  void SetUp() override {
    if (!support::exists(kBuild + "/bin/native_loader") || !support::exists(kModule))
      GTEST_SKIP() << "no image: the preset mps2-an386 builds native_loader";
    folder_ = testing::TempDir() + "pipit-loader-" + std::to_string(getpid());
    std::filesystem::create_directories(folder_);
    module_ = *support::read_file(kModule);
    const auto compiled =
        support::run({PIPIT_AOT, kModule, "--target=thumbv7em", "-O2", "--metering",
                      "--memory=" + std::to_string(kMemoryBytes), "-o", folder_ + "/app.pna"});
    ASSERT_TRUE(compiled.ok());
    ASSERT_EQ(compiled->exit_code, 0) << compiled->err;
    native_ = *support::read_file(folder_ + "/app.pna");
    native_.resize((native_.size() + 15) & ~usize{15});
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  /// What the image says of the package behind it.
  std::string run(u32 memory_bytes = kMemoryBytes) {
    const Package head{native_size(), static_cast<u32>(module_.size()), memory_bytes, kStackBytes};
    std::vector<u8> package(sizeof head);
    std::memcpy(package.data(), &head, sizeof head);
    package.insert(package.end(), native_.begin(), native_.begin() + head.native_bytes);
    package.insert(package.end(), module_.begin(), module_.end());
    EXPECT_TRUE(support::write_file(folder_ + "/package", package).ok());
    const std::string console = folder_ + "/console";
    std::filesystem::remove(console);
    auto process = support::Process::start(
        {"qemu-system-arm", "-M", "mps2-an386", "-kernel", kBuild + "/bin/native_loader", "-device",
         "loader,file=" + folder_ + "/package,addr=0x100000,force-raw=on", "-display", "none", "-monitor",
         "none", "-serial", "file:" + console},
        {.log_file = folder_ + "/qemu.log"});
    EXPECT_TRUE(process.ok()) << process.error().text;
    for (u32 tenths = 0; tenths < 600; ++tenths) {
      const auto text = support::read_file(console);
      if (text.ok() && !text->empty() && text->back() == '\n') return {text->begin(), text->end()};
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return "nothing";
  }
  u32 native_size() const {
    u32 bytes;
    std::memcpy(&bytes, native_.data() + offsetof(wasm::native::Header, file_bytes), sizeof bytes);
    return bytes;
  }

  std::string folder_;
  std::vector<u8> module_, native_;
};

/// The same calls in the interpreter here.
std::string expected(const std::vector<u8>& bytes) {
  std::vector<u8> memory(1 << 20);
  Arena arena(memory);
  const auto module = wasm::ValidModule::load(bytes, arena);
  EXPECT_TRUE(module.ok());
  const auto instance = wasm::Instance::create(*module, {}, {.memory_bytes = kMemoryBytes}, arena);
  EXPECT_TRUE(instance.ok());
  for (const char* name : {"kernel_init", "kernel_run", "kernel_checksum"}) {
    EXPECT_TRUE((*instance)->start(*module->exported_function(name)).ok());
    EXPECT_EQ((*instance)->resume(), wasm::RunState::finished);
  }
  char text[64];
  std::snprintf(text, sizeof text, "loader: result %016llx\n",
                static_cast<unsigned long long>((*instance)->results()[0].u64_));
  return text;
}

TEST_F(Loader, RunsFromFlash) { EXPECT_EQ(run(), expected(module_)); }

TEST_F(Loader, RefusesWhatIsNotAsItWasCompiled) {
  EXPECT_NE(run(8192).find("compiled for another memory size"), std::string::npos);
  native_[native_size() / 2] ^= 1;
  EXPECT_NE(run().find("native module is damaged"), std::string::npos);
  native_[native_size() / 2] ^= 1;
  module_.back() ^= 1;
  EXPECT_NE(run().find("compiled from another module"), std::string::npos);
}

}  // namespace
}  // namespace pipit::loader
