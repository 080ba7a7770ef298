#pragma once
#include "compiler/model/emit_c/writer.h"

/// Operators that move elements.
namespace pipit::model::c {

void reshape(Writer& out, const nn::Node& node);
void transpose(Writer& out, const nn::Node& node);
void strided_slice(Writer& out, const nn::Node& node);
/// out[i] = in[begin[i] + i × step[i]] along every axis, a step of a general slice being negative too.
void emit_slice(Writer& out, const nn::Node& node, const i32* begin, const i32* step);
void pad(Writer& out, const nn::Node& node);
void concat(Writer& out, const nn::Node& node);
void emit_concat(Writer& out, const nn::Node& node, u32 axis);

}  // namespace pipit::model::c
