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

}  // namespace pipit::nn
