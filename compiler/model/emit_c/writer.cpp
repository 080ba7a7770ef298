#include "compiler/model/emit_c/writer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>

namespace pipit::model::c {
namespace {

using nn::format::Placement;
using nn::format::TensorRecord;

/// "1, 2, 3", broken into lines.
template <class T, class Text>
std::string list(const T* values, u32 count, Text text) {
  std::string out;
  usize line = 0;
  for (u32 i = 0; i < count; ++i) {
    const std::string item = text(values[i]);
    if (line + item.size() > 110) {
      out += "\n ";
      line = 0;
    }
    out += (i == 0 ? "" : " ") + item + ",";
    line += item.size() + 2;
  }
  return out;
}

}  // namespace

const char* type_name(u32 dtype) {
  switch (static_cast<DType>(dtype)) {
    case DType::f32: return "float";
    case DType::i8: return "int8_t";
    case DType::u8: return "uint8_t";
    case DType::i16: return "int16_t";
    case DType::i32: return "int32_t";
    case DType::u16: return "uint16_t";
    case DType::u32: return "uint32_t";
    case DType::i64: return "int64_t";
    case DType::u64: return "uint64_t";
    case DType::f64: return "double";
    case DType::boolean: return "uint8_t";
    case DType::f16:
    case DType::bf16: return "uint16_t";
    default: return nullptr;
  }
}

std::string bits_name(u32 dtype) {
  return "uint" + std::to_string(8 * dtype_bytes(static_cast<DType>(dtype))) + "_t";
}

bool is_signed(u32 dtype) {
  switch (static_cast<DType>(dtype)) {
    case DType::i8:
    case DType::i16:
    case DType::i32:
    case DType::i64: return true;
    default: return false;
  }
}

Limits limits_of(u32 dtype) {
  const std::string bits = std::to_string(8 * dtype_bytes(static_cast<DType>(dtype)));
  if (is_signed(dtype)) return {"INT" + bits + "_MIN", "INT" + bits + "_MAX"};
  return {"0", "UINT" + bits + "_MAX"};
}

std::string literal(f32 value) {
  if (std::isnan(value)) return "(0.0f / 0.0f)";
  if (std::isinf(value)) return value < 0 ? "(-1.0f / 0.0f)" : "(1.0f / 0.0f)";
  char text[40];
  std::snprintf(text, sizeof text, "%.9g", f64{value});
  std::string number = text;
  if (number.find_first_of(".en") == std::string::npos) number += ".0";
  return number + "f";
}

std::string literal(f64 value) {
  if (std::isnan(value)) return "(0.0 / 0.0)";
  if (std::isinf(value)) return value < 0 ? "(-1.0 / 0.0)" : "(1.0 / 0.0)";
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", value);
  std::string number = text;
  if (number.find_first_of(".en") == std::string::npos) number += ".0";
  return number;
}

std::string literal(i32 value) { return value == INT32_MIN ? "(-2147483647 - 1)" : std::to_string(value); }

void Writer::declare_once(const std::string& text) {
  if (std::ranges::find(declarations_, text) == declarations_.end()) declarations_.push_back(text);
}

std::string Writer::constant(const char* type, const std::string& dims, const std::string& values) {
  // Structures hold words: numbers of 32 bits, and pointers.
  const std::string_view name_of_type = type;
  const u32 each = name_of_type.ends_with("8_t")                                ? 1
                   : name_of_type.ends_with("16_t")                             ? 2
                   : name_of_type.ends_with("64_t") || name_of_type == "double" ? 8
                                                                                : 4;
  constant_bytes_ += each * static_cast<u32>(1 + std::ranges::count(values, ','));
  const std::string name = "k" + std::to_string(made_++);
  constants_ += std::string("static const ") + type + " " + name + dims + " = {" + values + "};\n";
  return name;
}

std::string Writer::scratch(u32 count, u32 dsp_count) {
  scratch_bytes_ = std::max(scratch_bytes_, count);
  dsp_scratch_bytes_ = std::max(dsp_scratch_bytes_, dsp_count == 0 ? count : dsp_count);
  return "scratch";
}

void Writer::call(const std::string& function, const std::vector<std::string>& arguments) {
  std::string line = "  " + function + "(";
  usize column = line.size();
  for (usize i = 0; i < arguments.size(); ++i) {
    const std::string item = arguments[i] + (i + 1 < arguments.size() ? "," : ");");
    if (column + item.size() > 118) {
      line += "\n     ";
      column = 5;
    }
    line += (line.back() == '(' ? "" : " ") + item;
    column += item.size() + 1;
  }
  // The next operator may see the same memory as another element type, which C lets a compiler overlook.
  body_ += line + "\n  IN_ORDER;\n";
}

std::string Writer::packed(Bytes bytes) {
  constexpr usize kAlign = 64;
  const usize at = (blob_.size() + kAlign - 1) / kAlign * kAlign;
  blob_.resize(at);
  blob_.insert(blob_.end(), bytes.begin(), bytes.end());
  constant_bytes_ += static_cast<u32>(bytes.size());
  return "(constants + " + std::to_string(at) + ")";
}

std::string Writer::constant_tensor(const TensorRecord& tensor) {
  if (apart_) {
    std::string& made = in_blob_[tensor.offset];
    if (made.empty())
      made = std::string("((const ") + type_name(tensor.dtype) + "*)" +
             packed({data<u8>(tensor), tensor.bytes}) + ")";
    return made;
  }
  const std::string name = "c" + std::to_string(tensor.offset);
  if (!written_.insert(tensor.offset).second) return name;
  constant_bytes_ += tensor.bytes;
  const u32 count = tensor.bytes / dtype_bytes(static_cast<DType>(tensor.dtype));
  std::string values;
  switch (static_cast<DType>(tensor.dtype)) {
    case DType::f32:
      values = list(&model_.at<f32>(tensor.offset), count, [](f32 v) { return literal(v); });
      break;
    case DType::i32:
      values = list(&model_.at<i32>(tensor.offset), count, [](i32 v) { return literal(v); });
      break;
    case DType::i16:
      values = list(&model_.at<i16>(tensor.offset), count, [](i32 v) { return literal(v); });
      break;
    case DType::f16:
    case DType::bf16:
    case DType::u16:
      values = list(&model_.at<u16>(tensor.offset), count, [](i32 v) { return literal(v); });
      break;
    case DType::u32:
      values = list(&model_.at<u32>(tensor.offset), count, [](u32 v) { return std::to_string(v) + "u"; });
      break;
    case DType::i64:
    case DType::u64:
      values = list(&model_.at<u64>(tensor.offset), count, [](u64 v) { return std::to_string(v) + "u"; });
      break;
    case DType::f64:
      values = list(&model_.at<f64>(tensor.offset), count, [](f64 v) { return literal(v); });
      break;
    case DType::boolean:
    case DType::u8:
      values = list(&model_.at<u8>(tensor.offset), count, [](i32 v) { return literal(v); });
      break;
    default: values = list(&model_.at<i8>(tensor.offset), count, [](i32 v) { return literal(v); }); break;
  }
  constants_ += std::string("static const ") + type_name(tensor.dtype) + " " + name + "[" +
                std::to_string(count) + "] = {\n  " + values + "};\n";
  return name;
}

std::string Writer::pointer(const TensorRecord& tensor, bool writable) {
  if (tensor.placement == static_cast<u8>(Placement::constant)) return constant_tensor(tensor);
  return std::string("(") + (writable ? "" : "const ") + type_name(tensor.dtype) + "*)(arena.bytes + " +
         std::to_string(tensor.offset) + ")";
}

std::string Writer::input(const nn::Node& node, u32 index) { return pointer(node.input(index), false); }
std::string Writer::output(const nn::Node& node) { return pointer(node.output(), true); }
std::string Writer::state(const nn::Node& node, u32 index) { return pointer(node.input(index), true); }

}  // namespace pipit::model::c
