#pragma once
#include <cstring>

#include "base/types.h"

/// Register tiles: a few rows of a left matrix times one panel of a packed right matrix.
namespace pipit::nn {

/// How the elements of a left row lie: `count` stretches of `length` elements, stretch r from offsets[r] on.
struct Runs {
  u32 count;
  u32 length;
  const u32* offsets;
};

/// One panel's result for up to kRows rows; `columns` of the panel are real.
template <class T>
struct TileOutput {
  T* first;
  u32 stride;  ///< elements from one row to the next
  u32 columns;
};

/// Whether code of this instruction set is for a program with a limit on its size (Isa::kSmallCode).
template <class Isa>
constexpr bool kSmallCode = requires { requires Isa::kSmallCode; };

/// Steps in one round of a tile's loop. In small code only tiles that do a layer's bulk are unrolled: full
/// ones, and those of one row, which is what a vector meets; the rows left over behind full tiles are few.
template <class Isa, u32 kRows, u32 kFullRows>
constexpr u32 kUnroll = kSmallCode<Isa> && kRows != 1 && kRows != kFullRows ? 1 : 4;

}  // namespace pipit::nn
