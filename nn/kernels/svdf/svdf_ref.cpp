#include "nn/kernels/svdf/svdf.h"

#include "nn/kernels/c99/c99.h"

namespace pipit::nn {
namespace c99 {
namespace {
#include "nn/kernels/c99/svdf_f32.c"
#include "nn/kernels/c99/svdf_i8.c"

// One name for both, told apart by their types.
SVDF_INTEGERS(svdf, i8, -128, 127)
SVDF_INTEGERS(svdf, i16, -32768, 32767)
}  // namespace
}  // namespace c99

void svdf_f32(const SvdfF32& layer) {
  const auto number = [](u32 value) { return static_cast<i32>(value); };
  const SvdfShape& s = layer.shape;
  c99::svdf_f32(layer.x, number(s.batch), number(s.inputs), number(s.filters), number(s.memory),
                number(s.rank), layer.feature, layer.time, layer.bias, layer.clamp.low_f32(),
                layer.clamp.high_f32(), layer.state, layer.out);
}

template <class T>
void svdf_i8(const SvdfI8<T>& layer) {
  const auto number = [](u32 value) { return static_cast<i32>(value); };
  const SvdfShape& s = layer.shape;
  const c99::svdf_shape shape = {number(s.batch), number(s.inputs), number(s.filters), number(s.memory),
                                 number(s.rank)};
  c99::svdf(&shape, layer.x, layer.x_zero, layer.feature, layer.time, layer.bias, layer.state_zero,
            c99::pairs(&layer.feature_factor), c99::pairs(&layer.out_factor), layer.out_zero, layer.state,
            layer.out);
}
template void svdf_i8(const SvdfI8<i8>&);
template void svdf_i8(const SvdfI8<i16>&);

}  // namespace pipit::nn
