#pragma once
#include "compiler/model/emit_c/writer.h"

/// Layers that remember.
namespace pipit::model::c {

void svdf_f32(Writer& out, const nn::Node& node);
void svdf_i8(Writer& out, const nn::Node& node);
void lstm_f32(Writer& out, const nn::Node& node);
void lstm_i8(Writer& out, const nn::Node& node);

}  // namespace pipit::model::c
