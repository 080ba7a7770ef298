#pragma once
#include "compiler/model/emit_c/writer.h"

/// Functions of nn/general: those of which there is a C kernel.
namespace pipit::model::c {

bool has_general(const nn::Node& node);
void general(Writer& out, const nn::Node& node);

/// One step of the microphone front end.
void audio(Writer& out, const nn::Node& node);

}  // namespace pipit::model::c
