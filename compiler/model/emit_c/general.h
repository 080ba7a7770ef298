#pragma once
#include "compiler/model/emit_c/movement.h"
#include "compiler/model/emit_c/writer.h"
#include "nn/general/general.h"
#include "nn/general/kinds.h"

/// Functions of nn/general: those of which there is a C kernel.
namespace pipit::model::c {

bool has_general(const nn::Node& node);
void general(Writer& out, const nn::Node& node);

/// What general.cpp tells the others of arithmetic: whether there is an expression, and that for operands x
/// and y of an element type.
bool has_arithmetic(nn::general::Binary kind);
std::string arithmetic(nn::general::Binary kind, u32 dtype);
/// f16 and bf16 are bits in C.
bool is_half(u32 dtype);

bool is_real(const nn::format::TensorRecord& tensor);

inline const nn::format::GeneralAttributes& how(const nn::Node& node) {
  return node.attributes<nn::format::GeneralAttributes>();
}
/// A constant of integers; one 0 where there are none, for C has no empty arrays.
std::string integers(Writer& out, std::vector<u32> values);
inline std::vector<u32> dims_of(const nn::general::Type& type) { return {type.dims, type.dims + type.rank}; }

/// f(x) and f(x, y) of whole numbers and of f64 in C; nothing where there is none.
const char* whole_function(nn::general::Unary kind);
const char* double_function(nn::general::Unary kind);
std::string whole_arithmetic(nn::general::Binary kind, u32 dtype);

// One function of the table each, and whether there is a C kernel for a node's types and shapes.

// general_real.cpp
bool has_unary(const nn::Node& node);
void unary(Writer& out, const nn::Node& node);
bool has_strided(const nn::Node& node);
void strided(Writer& out, const nn::Node& node);
void where(Writer& out, const nn::Node& node);
bool has_reduce(const nn::Node& node);
void reduce(Writer& out, const nn::Node& node);
bool is_single(const nn::Node& node);
bool has_matmul(const nn::Node& node);
void matmul(Writer& out, const nn::Node& node);
void local_response(Writer& out, const nn::Node& node);

// general_number.cpp
bool has_quantize(const nn::Node& node);
void quantize_by(Writer& out, const nn::Node& node);
bool has_dequantize(const nn::Node& node);
void dequantize_by(Writer& out, const nn::Node& node);
bool has_einsum(const nn::Node& node);
void einsum(Writer& out, const nn::Node& node);

// general_index.cpp
bool has_gather(const nn::Node& node);
void gather(Writer& out, const nn::Node& node);
void gather_elements(Writer& out, const nn::Node& node);
void gather_tuples(Writer& out, const nn::Node& node);
bool has_scatter(const nn::Node& node);
void scatter_elements(Writer& out, const nn::Node& node);
void scatter_tuples(Writer& out, const nn::Node& node);
bool has_order(const nn::Node& node);
void arg_reduce(Writer& out, const nn::Node& node);
void top_k(Writer& out, const nn::Node& node);
void cumulative_sum(Writer& out, const nn::Node& node);
void trilu(Writer& out, const nn::Node& node);
bool has_eye(const nn::Node& node);
void eye(Writer& out, const nn::Node& node);
void one_hot(Writer& out, const nn::Node& node);
void range(Writer& out, const nn::Node& node);
void reverse_sequence(Writer& out, const nn::Node& node);
bool has_unpool(const nn::Node& node);
void unpool(Writer& out, const nn::Node& node);

// general_window.cpp
bool has_conv(const nn::Node& node);
void conv(Writer& out, const nn::Node& node);
void conv_transpose(Writer& out, const nn::Node& node);
bool has_pool(const nn::Node& node);
void pool(Writer& out, const nn::Node& node);
bool has_resize(const nn::Node& node);
void resize(Writer& out, const nn::Node& node);

// movement.cpp
void general_transpose(Writer& out, const nn::Node& node);
/// A copy onto a shape that the input's repeats along, and one that repeats it beside itself.
void expand(Writer& out, const nn::Node& node);
bool has_tile(const nn::Node& node);
void general_tile(Writer& out, const nn::Node& node);
bool has_general_pad(const nn::Node& node);
void general_pad(Writer& out, const nn::Node& node);
/// Pieces of a signal that overlap.
void frame(Writer& out, const nn::Node& node);

/// A recurrent layer of ONNX's.
bool has_recurrent(const nn::Node& node);
void recurrent(Writer& out, const nn::Node& node);

/// One step of the microphone front end.
void audio(Writer& out, const nn::Node& node);

}  // namespace pipit::model::c
