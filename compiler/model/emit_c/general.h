#pragma once
#include "compiler/model/emit_c/movement.h"
#include "compiler/model/emit_c/writer.h"
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

bool has_unary(const nn::Node& node);
void unary(Writer& out, const nn::Node& node);
bool has_strided(const nn::Node& node);
void strided(Writer& out, const nn::Node& node);
void where(Writer& out, const nn::Node& node);
bool has_reduce(const nn::Node& node);
void reduce(Writer& out, const nn::Node& node);
bool is_single(const nn::Node& node);
void matmul(Writer& out, const nn::Node& node);
void local_response(Writer& out, const nn::Node& node);
bool has_gather(const nn::Node& node);
void gather(Writer& out, const nn::Node& node);
/// The input's elements in another order, and on a shape along which they repeat.
void general_transpose(Writer& out, const nn::Node& node);
void expand(Writer& out, const nn::Node& node);
bool has_general_pad(const nn::Node& node);
void general_pad(Writer& out, const nn::Node& node);
/// A recurrent layer of ONNX's.
bool has_recurrent(const nn::Node& node);
void recurrent(Writer& out, const nn::Node& node);

/// One step of the microphone front end.
void audio(Writer& out, const nn::Node& node);

}  // namespace pipit::model::c
