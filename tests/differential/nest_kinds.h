#pragma once
#include <vector>

#include "base/types.h"

/// What the functions of random nests compute with.
namespace pipit::differential {

/// What one function computes with: `load` and `store` in each width, `bytes` a load; all its addresses are
/// multiples of `align`, so that floats are only ever read as what they were written as.
struct Access {
  const char* load;
  const char* store;
  u32 bytes;
};
struct Kind {
  const char* type;
  const char* fill;  ///< memory's contents before and how they are read after: fill_X, seen_X
  u32 align;
  std::vector<Access> accesses;
  std::vector<const char*> operations;
  const char* from_i32;
  const char* zero;
  const char* result;  ///< of type i64, from what is on the stack
};

const std::vector<Kind>& kinds();

}  // namespace pipit::differential
