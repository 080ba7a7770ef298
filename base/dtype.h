#pragma once
#include "base/types.h"

namespace pipit {

/// Element types of tensors and sensor frames; the first four numbers are wasi-nn's tensor_type, int8 (4) is
/// Pipit's extension of it.
enum class DType : u8 {
  f16 = 0,
  f32 = 1,
  u8 = 2,
  i32 = 3,
  i8 = 4,
  i64 = 5,
  i16 = 6,
  f64 = 7,
  boolean = 8,
  u16 = 9,
  u32 = 10,
  u64 = 11,
  bf16 = 12,
};
constexpr DType kLastDType = DType::bf16;

constexpr u32 dtype_bytes(DType type) {
  constexpr u8 kBytes[] = {2, 4, 1, 4, 1, 8, 2, 8, 1, 2, 4, 8, 2};
  return kBytes[static_cast<u8>(type)];
}

}  // namespace pipit
