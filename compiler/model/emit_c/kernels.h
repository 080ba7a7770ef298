#pragma once
#include <span>
#include <string_view>

namespace pipit::model {

/// The C kernels by name, in an order in which each stands behind those it calls: kernels/<name>.c or
/// nn/kernels/c99/<name>.c, embedded by the build.
struct CKernel {
  std::string_view name;
  std::string_view text;
};
std::span<const CKernel> c_kernels();

}  // namespace pipit::model
