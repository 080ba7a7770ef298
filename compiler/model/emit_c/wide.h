#pragma once
#include "compiler/model/emit_c/writer.h"

/// Layers of 16-bit activations, and what joins 16 and 32 bits to others.
namespace pipit::model::c {

void conv2d_wide(Writer& out, const nn::Node& node);
void transpose_conv2d_wide(Writer& out, const nn::Node& node);
void add_wide(Writer& out, const nn::Node& node);
void leaky_relu_wide(Writer& out, const nn::Node& node);
void requantize_wide(Writer& out, const nn::Node& node);
void quantize_wide(Writer& out, const nn::Node& node);

}  // namespace pipit::model::c
