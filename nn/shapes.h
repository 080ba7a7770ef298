#pragma once
#include "nn/format.h"

/// Questions about shapes and types that the verify functions of several operators ask.
namespace pipit::nn {

/// Number of elements; fits, because the tensor's bytes were checked.
inline u32 elements(const format::TensorRecord& tensor) {
  return tensor.bytes / dtype_bytes(static_cast<DType>(tensor.dtype));
}
inline bool is(const format::TensorRecord& tensor, DType dtype) {
  return tensor.dtype == static_cast<u8>(dtype);
}
inline bool is_constant(const format::TensorRecord& tensor) {
  return tensor.placement == static_cast<u8>(format::Placement::constant);
}
inline bool is_state(const format::TensorRecord& tensor) {
  return tensor.placement == static_cast<u8>(format::Placement::state);
}
/// The last dimension; 1 for a scalar.
inline u32 last_dim(const format::TensorRecord& tensor) {
  return tensor.rank == 0 ? 1 : tensor.dims[tensor.rank - 1];
}
bool same_shape(const format::TensorRecord& a, const format::TensorRecord& b);
/// Same scale and zero point.
bool same_quantisation(const format::TensorRecord& a, const format::TensorRecord& b);
/// f32, or i8 with a scale.
bool is_quantised(const format::TensorRecord& tensor);

/// low ≤ high, within −128 … 127 for i8.
bool is_valid_clamp(const format::Clamp& clamp, DType dtype);
/// Input 0, input `count` − 1 and output are all `dtype`, and i8 ones have a scale.
const char* check_activations(const class Node& node, u32 count, DType dtype);
/// What conv2d, depthwise_conv2d and fully_connected share: constant weights, a bias of `channels`, the
/// rescale pairs of an i8 operator, sums of `accumulation` products that cannot overflow.
const char* check_weights(const class Node& node, DType dtype, u32 channels, u64 accumulation);

/// Size of the output along one axis, 0 when the window does not fit.
u32 window_extent(u32 input, u32 kernel, u32 stride, u32 dilation, u32 pad_before, u32 pad_after);

}  // namespace pipit::nn
