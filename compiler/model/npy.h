#pragma once
#include <string>
#include <vector>

#include "compiler/model/graph.h"
#include "support/error.h"

/// NumPy's .npy files, format 1 to 3 (numpy.lib.format).
namespace pipit::model {

struct Array {
  DType dtype = DType::f32;
  Shape shape;
  std::vector<u8> data;  ///< row-major, little-endian
};

bool is_npy(Bytes file);
/// malformed (cut off, sizes that do not fit); unsupported for Fortran order, big-endian or structured
/// elements.
support::Result<Array> read_npy(Bytes file);
std::vector<u8> write_npy(const Array& array);

}  // namespace pipit::model
