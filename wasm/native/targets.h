#pragma once
#include <string_view>

#include "wasm/native/format.h"

/// The targets that native modules are made for, by the names that `pipit aot` and `pipit build` take.
namespace pipit::wasm::native {

struct TargetName {
  std::string_view name;
  Target id;
  u32 pointer_bytes;
  bool fixed_memory;  ///< checks bounds by comparison, best against a size that is known
};

inline constexpr TargetName kTargetNames[] = {
    {"x86_64-linux", Target::x86_64_linux, 8, false},
    {"x86_64-mewz", Target::x86_64_mewz, 8, false},
    {"aarch64-linux", Target::aarch64_linux, 8, false},
    {"thumbv7em", Target::thumbv7em, 4, true},
    {"rv32imac", Target::rv32imac, 4, true},
};

}  // namespace pipit::wasm::native
