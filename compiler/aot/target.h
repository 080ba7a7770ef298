#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "support/error.h"
#include "wasm/native/format.h"

/// The targets of `pipit aot`, one table row each: a further one is a row and a test.
namespace pipit::aot {

/// How accesses to linear memory are kept inside.
enum class Checks : u8 {
  guard_pages,  ///< none in the code: what lies behind the memory is inaccessible
  software,     ///< a comparison each, unless it follows from another
};

/// Instructions a target lacks, so that code asks the runtime (see helpers.def).
enum Lack : u32 {
  kNoI64Division = 1u << 0,
  kNoF32 = 1u << 1,
  kNoF64 = 1u << 2,
  kNoF32Rounding = 1u << 3,
  kNoF64Rounding = 1u << 4,
  kNoVectors = 1u << 5,  ///< lanes of floats are computed one by one
};

struct TargetRow {
  const char* name;
  wasm::native::Target id;
  const char* triple;
  const char* cpu;
  const char* features;
  const char* stack_register;
  const char* emulation;  ///< the linker's name for it
  const char* abi;        ///< the code generator's name for the calling convention, where there are several
  bool float_registers;   ///< floats are passed in registers of their own
  u32 pointer_bytes;
  u32 page_bytes;  ///< alignment of the image in the file
  Checks checks;
  u32 lacks;
  u32 cpu_features;  ///< that `cpu` amounts to
  bool red_zone;
  u32 compared_bits;  ///< of constants that comparisons take, behind leading zeros; 0: they take others than
                      ///< that
  u32 tail_words;     ///< where LLVM's tailcc is missing: words that registers hold besides the context
};

/// A row with what the command line changes about it.
struct Target {
  const TargetRow* row;
  std::string cpu, features;
  u32 cpu_features;
  Checks checks;

  bool lacks(u32 what) const { return (row->lacks & what) != 0; }
  bool is_x86() const { return (cpu_features & wasm::native::kSse42) != 0; }
  bool is_64_bit() const { return row->pointer_bytes == 8; }
};

std::span<const TargetRow> targets();
/// The target `name`; `cpu` is empty for its default, "native" for this machine's, or one of the x86-64
/// levels. Errors: not_found with the names there are.
support::Result<Target> find_target(std::string_view name, std::string_view cpu);

}  // namespace pipit::aot
