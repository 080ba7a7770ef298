#pragma once
#include <array>

#include "base/dtype.h"
#include "base/types.h"

namespace pipit::nn {

constexpr u32 kMaxRank = 8;

/// Shape and type of one tensor; row-major, outermost dimension first.
struct TensorInfo {
  DType dtype = DType::f32;
  u8 rank = 0;
  std::array<u32, kMaxRank> dims{};
  u32 bytes = 0;
  /// Per-tensor quantisation of integer tensors: real = scale × (q − zero_point). scale 0 = not quantised.
  f32 scale = 0;
  i32 zero_point = 0;
};

}  // namespace pipit::nn
