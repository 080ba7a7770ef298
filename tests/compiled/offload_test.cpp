// The worked accelerator example on boards in QEMU: generated C drives the matrix engine, which the rig
// models behind memory that it shares with the board, and gives the bits of the processor alone.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "rig/matrix_engine/matrix_engine.h"
#include "support/files.h"
#include "tests/compiled/board_run.h"

namespace pipit {
namespace {

constexpr const char* kModel = PIPIT_CHECKOUT "/examples/gesture/gesture.int8.onnx";
constexpr usize kSharedBytes = 16 << 20;
constexpr u32 kRegistersAt = 15 << 20;
constexpr int kInferences = 3;

struct Bus {
  const char* board;
  u64 shared_at;
  const char *registers_at, *script;
};
constexpr Bus kBuses[] = {
    {"mps2-an386", 0x21000000, "0x21F00000u", PIPIT_CHECKOUT "/tests/compiled/offload-mps2-an386.ld"},
    {"virt-rv32", 0x80000000, "0x80F00000u", PIPIT_CHECKOUT "/examples/bare/virt-rv32.ld"},
};

/// RAM of a board that this process sees too.
class SharedMemory {
 public:
  explicit SharedMemory(const std::string& path) {
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    EXPECT_GE(file, 0);
    EXPECT_EQ(ftruncate(file, kSharedBytes), 0);
    void* const mapped = mmap(nullptr, kSharedBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    EXPECT_NE(mapped, MAP_FAILED);
    close(file);
    bytes_ = {static_cast<u8*>(mapped), kSharedBytes};
  }
  ~SharedMemory() { munmap(bytes_.data(), bytes_.size()); }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  MutBytes bytes() const { return bytes_; }

 private:
  MutBytes bytes_;
};

std::string run_board(const Bus& bus, const std::string& folder, const std::string& input) {
  const bool arm = std::string(bus.board) == "mps2-an386";
  const std::string memory = "memory-backend-file,id=shared,share=on,size=16M,mem-path=" + folder + "/ram";
  std::vector<std::string> command = {
      "qemu-system-riscv32", "-M", "virt,memory-backend=shared", "-m", "16M", "-bios", "none"};
  if (arm)
    command = {"qemu-system-arm", "-M", "mps2-an386,memory-backend=shared", "-semihosting-config",
               "enable=on,target=native"};
  command.insert(command.end(), {"-object", memory, "-display", "none", "-monitor", "none", "-serial",
                                 "stdio", "-kernel", folder + "/model-" + bus.board});
  const auto ran = support::run(command, input);
  EXPECT_TRUE(ran.ok()) << ran.error().text;
  if (!ran.ok()) return "";
  EXPECT_EQ(ran->exit_code, 0) << ran->err;
  return ran->out;
}

class OffloadTest : public ::testing::TestWithParam<Bus> {};

TEST_P(OffloadTest, GivesTheBitsOfTheProcessorAlone) {
  const Bus& bus = GetParam();
  const std::string driver = PIPIT_CHECKOUT "/examples/accelerators/matrix-engine";
  const testing::BareImage image(
      bus.board, kModel, "model", PIPIT_CHECKOUT "/tests/compiled/offload.c", {"1M", "256K"},
      {"BARE_TARGET=matrix-engine", std::string("BARE_SCRIPT=") + bus.script,
       "BARE_MORE=-I" PIPIT_CHECKOUT "/nn/include -I" + driver + " " + driver +
           "/driver.c -Dpipit_operator_entry=pipit_operator_matrix_engine_layer -DREGISTERS_AT=" +
           bus.registers_at});
  ASSERT_TRUE(image.ok());
  const std::string folder = image.folder();
  const auto plan =
      support::run({PIPIT_PROGRAM, "model", "plan", kModel, "--integer-io", "-o", folder + "/cpu.pipm"});
  ASSERT_TRUE(plan.ok() && plan->exit_code == 0) << (plan.ok() ? plan->err : plan.error().text);

  const SharedMemory memory(folder + "/ram");
  const rig::MatrixEngine engine(memory.bytes(), bus.shared_at, kRegistersAt);
  for (int inference = 0; inference < kInferences; ++inference) {
    std::string input(image.input_bytes(), '\0');
    for (usize i = 0; i < input.size(); ++i)
      input[i] = static_cast<char>((7 * i + 31 * static_cast<usize>(inference)) % 251);
    ASSERT_TRUE(
        support::write_file(folder + "/in", Bytes(reinterpret_cast<const u8*>(input.data()), input.size()))
            .ok());
    const auto alone = support::run({PIPIT_PROGRAM, "model", "run", folder + "/cpu.pipm", "--input",
                                     folder + "/in", "--output", folder + "/out"});
    ASSERT_TRUE(alone.ok() && alone->exit_code == 0) << (alone.ok() ? alone->err : alone.error().text);
    const auto expected = support::read_file(folder + "/out");
    ASSERT_TRUE(expected.ok());
    const std::string answer = run_board(bus, folder, input);
    EXPECT_EQ(std::vector<u8>(answer.begin(), answer.end()), *expected) << "inference " << inference;
  }
  EXPECT_GT(engine.layers(), 0u);
  EXPECT_GT(engine.macs(), 0u);
  std::fprintf(stderr, "%s: the engine computed %u layers, %llu multiply-accumulates\n", bus.board,
               engine.layers(), static_cast<unsigned long long>(engine.macs()));
}

INSTANTIATE_TEST_SUITE_P(Boards, OffloadTest, ::testing::ValuesIn(kBuses),
                         [](const ::testing::TestParamInfo<Bus>& info) {
                           return std::string(info.param.board) == "virt-rv32" ? "VirtRv32" : "Mps2An386";
                         });

// An address outside of the board's memory must not become one of this process.
TEST(MatrixEngineOnABus, RefusesAddressesOutsideOfItsMemory) {
  std::vector<u8> memory(8192);
  constexpr u32 kStart = 1, kStatus = 2, kInputLow = 3, kFault = 2, kBusy = 1;
  auto* const registers = reinterpret_cast<volatile u32*>(memory.data() + 4096);
  const rig::MatrixEngine engine(memory, 0x20000000, 4096);
  registers[kInputLow] = 0x1000;
  registers[kStatus] = kBusy;
  registers[kStart] = 1;
  while (registers[kStatus] == kBusy) std::this_thread::yield();
  EXPECT_EQ(registers[kStatus], kFault);
}

}  // namespace
}  // namespace pipit
