#pragma once
#include "compiler/model/emit_c/writer.h"

namespace pipit::model::c {

/// Name under which generated C expects the pipit_operator_entry of "com.example.HardGelu".
std::string entry_name(const char* operator_name);

void custom(Writer& out, const nn::Node& node);

}  // namespace pipit::model::c
