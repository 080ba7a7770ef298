#include "compiler/aot/target.h"

#include <llvm/ADT/StringMap.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/Triple.h>

namespace pipit::aot {

namespace native = wasm::native;

static constexpr TargetRow kTargets[] = {
    {.name = "x86_64-linux",
     .id = native::Target::x86_64_linux,
     .triple = "x86_64-unknown-linux-gnu",
     .cpu = "x86-64-v2",
     .features = "",
     .stack_register = "rsp",
     .emulation = "elf_x86_64",
     .abi = "",
     .float_registers = true,
     .pointer_bytes = 8,
     .page_bytes = 4096,
     .checks = Checks::guard_pages,
     .lacks = 0,
     .cpu_features = native::kSse42,
     .red_zone = true,
     .compared_bits = 0,
     .tail_words = 0},
    // Ring 0: interrupts arrive on the running stack, so nothing may live below its pointer.
    {.name = "x86_64-mewz",
     .id = native::Target::x86_64_mewz,
     .triple = "x86_64-unknown-none-elf",
     .cpu = "x86-64-v2",
     .features = "",
     .stack_register = "rsp",
     .emulation = "elf_x86_64",
     .abi = "",
     .float_registers = true,
     .pointer_bytes = 8,
     .page_bytes = 4096,
     .checks = Checks::guard_pages,
     .lacks = 0,
     .cpu_features = native::kSse42,
     .red_zone = false,
     .compared_bits = 0,
     .tail_words = 0},
    // ARMv8-A: fixed-size vectors and FMA-free floats; division by zero yields 0 and float conversions
    // saturate, so that every trap is explicit.
    {.name = "aarch64-linux",
     .id = native::Target::aarch64_linux,
     .triple = "aarch64-unknown-linux-gnu",
     .cpu = "generic",
     .features = "",
     .stack_register = "sp",
     .emulation = "aarch64elf",
     .abi = "",
     .float_registers = true,
     .pointer_bytes = 8,
     .page_bytes = 4096,
     .checks = Checks::guard_pages,
     .lacks = 0,
     .cpu_features = 0,
     .red_zone = false,
     .compared_bits = 0,
     .tail_words = 0},
    // Cortex-M4F: single-precision FPU without rounding instructions.
    {.name = "thumbv7em",
     .id = native::Target::thumbv7em,
     .triple = "thumbv7em-none-eabihf",
     .cpu = "cortex-m4",
     .features = "",
     .stack_register = "sp",
     .emulation = "armelf",
     .abi = "",
     .float_registers = true,
     .pointer_bytes = 4,
     .page_bytes = 16,
     .checks = Checks::software,
     .lacks = kNoI64Division | kNoF64 | kNoF32Rounding | kNoF64Rounding | kNoVectors,
     .cpu_features = 0,
     .red_zone = false,
     .compared_bits = 8,
     .tail_words = 3},
    {.name = "rv32imac",
     .id = native::Target::rv32imac,
     .triple = "riscv32-unknown-elf",
     .cpu = "generic-rv32",
     .features = "+m,+a,+c,+unaligned-scalar-mem",
     .stack_register = "sp",
     .emulation = "elf32lriscv",
     .abi = "ilp32",
     .float_registers = false,
     .pointer_bytes = 4,
     .page_bytes = 16,
     .checks = Checks::software,
     .lacks = kNoI64Division | kNoF32 | kNoF64 | kNoF32Rounding | kNoF64Rounding | kNoVectors,
     .cpu_features = 0,
     .red_zone = false,
     .compared_bits = 0,
     .tail_words = 7},
};

std::span<const TargetRow> targets() { return kTargets; }

namespace {

/// What a bit of Header::cpu_features lets the code generator use.
struct FeatureRow {
  u32 bit;
  std::vector<const char*> names;
};

const std::vector<FeatureRow>& x86_features() {
  static const std::vector<FeatureRow> kRows = {
      {native::kSse42, {"cx16", "popcnt", "sahf", "sse4.2", "ssse3"}},
      {native::kAvx2, {"avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"}},
      {native::kAvx512, {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}},
      {native::kAvx512Vnni, {"avx512vnni"}},
      {native::kAvxVnni, {"avxvnni"}},
  };
  return kRows;
}

struct Level {
  const char* name;
  u32 bits;
};
constexpr Level kLevels[] = {
    {"x86-64-v2", native::kSse42},
    {"x86-64-v3", native::kSse42 | native::kAvx2},
    {"x86-64-v4", native::kSse42 | native::kAvx2 | native::kAvx512},
};

bool is_x86(const TargetRow& row) { return row.emulation == std::string_view("elf_x86_64"); }

/// Whether the compiler itself runs on such a processor.
bool is_host(const TargetRow& row) {
  return llvm::Triple(row.triple).getArch() == llvm::Triple(llvm::sys::getProcessTriple()).getArch();
}

/// This machine's processor, tuned for as such, but using only features that the header can name: none but
/// x86-64's.
void use_host(Target& target) {
  if (!is_x86(*target.row)) return;
  const llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
  target.cpu = "x86-64-v2";
  for (const FeatureRow& row : x86_features()) {
    bool all = true;
    for (const char* name : row.names) all = all && host.lookup(name);
    if (!all) continue;
    target.cpu_features |= row.bit;
    for (const char* name : row.names)
      target.features += std::string(target.features.empty() ? "+" : ",+") + name;
  }
}

}  // namespace

support::Result<Target> find_target(std::string_view name, std::string_view cpu) {
  std::string known;
  for (const TargetRow& row : kTargets) {
    known += std::string(known.empty() ? "" : ", ") + row.name;
    if (name != row.name) continue;
    Target target{&row, row.cpu, row.features, row.cpu_features, row.checks};
    if (cpu.empty()) return target;
    if (is_host(row) && cpu == "native") {
      use_host(target);
      return target;
    }
    for (const Level& level : kLevels) {
      if (!is_x86(row) || cpu != level.name) continue;
      target.cpu = level.name;
      target.cpu_features = level.bits;
      return target;
    }
    return support::Error(Code::not_found, "unknown processor " + std::string(cpu) + " for " + row.name +
                                               ": leave it out" +
                                               (is_x86(row)    ? ", or take native, x86-64-v2, -v3 or -v4"
                                                : is_host(row) ? ", or take native"
                                                               : ""));
  }
  return support::Error(Code::not_found, "unknown target " + std::string(name) + "; there are " + known);
}

}  // namespace pipit::aot
