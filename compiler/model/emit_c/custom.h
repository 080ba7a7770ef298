#pragma once
#include "compiler/model/emit_c/writer.h"

namespace pipit::model::c {

void custom(Writer& out, const nn::Node& node);

}  // namespace pipit::model::c
