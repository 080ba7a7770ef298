#include "compiler/model/emit_c/movement.h"

#include "compiler/model/emit_c/arguments.h"
#include "compiler/model/emit_c/general.h"
#include "nn/general/general.h"

namespace pipit::model::c {

using namespace nn::format;
using nn::Node;

namespace {

u32 element_bytes(const TensorRecord& tensor) { return dtype_bytes(static_cast<DType>(tensor.dtype)); }

std::string dims_text(const u32* values, u32 rank) {
  std::string text;
  for (u32 axis = 0; axis < rank; ++axis) text += (axis == 0 ? "" : ", ") + number(values[axis]);
  return text;
}
std::string dims(Writer& out, const u32* values, u32 rank) {
  return out.constant("int32_t", "[" + number(rank) + "]", dims_text(values, rank));
}

/// Every element of the output by its steps in the input.
void emit_strided(Writer& out, const Node& node, const u32* steps) {
  if (node.output().rank == 0) return reshape(out, node);
  const TensorRecord& made = node.output();
  out.need({"transpose"});
  out.call("transpose",
           {out.bytes_of(out.input(node, 0)), dims(out, steps, made.rank), dims(out, made.dims, made.rank),
            number(made.rank), number(element_bytes(made)), "(uint8_t*)" + out.output(node)});
}

}  // namespace

void reshape(Writer& out, const Node& node) {
  if (node.input(0).placement == node.output().placement && node.input(0).offset == node.output().offset)
    return;
  out.call("memcpy", {out.output(node), out.input(node, 0), number(node.output().bytes)});
}

void transpose(Writer& out, const Node& node) {
  const TensorRecord& in = node.input(0);
  const u8* perm = node.attributes<TransposeAttributes>().perm;
  u32 strides[nn::kMaxRank] = {};
  for (u32 axis = 0; axis < in.rank; ++axis) {
    strides[axis] = 1;
    for (u32 inner = perm[axis] + 1u; inner < in.rank; ++inner) strides[axis] *= in.dims[inner];
  }
  out.need({"transpose"});
  out.call("transpose", {out.bytes_of(out.input(node, 0)), dims(out, strides, in.rank),
                         dims(out, node.output().dims, in.rank), number(in.rank), number(element_bytes(in)),
                         "(uint8_t*)" + out.output(node)});
}

void emit_slice(Writer& out, const Node& node, const i32* begin, const i32* step) {
  const TensorRecord& in = node.input(0);
  i64 first = 0;
  std::vector<std::string> steps(in.rank);
  i64 stride = 1;
  for (u32 axis = in.rank; axis-- > 0; stride *= in.dims[axis]) {
    steps[axis] = std::to_string(stride * step[axis]);
    first += stride * begin[axis];
  }
  std::string strides;
  for (u32 axis = 0; axis < in.rank; ++axis) strides.append(axis == 0 ? "" : ", ").append(steps[axis]);
  const std::string list = out.constant("int32_t", "[" + number(in.rank) + "]", strides);
  out.need({"transpose"});
  out.call("transpose", {out.bytes_of(out.input(node, 0)) + " + " + std::to_string(first * element_bytes(in)),
                         list, dims(out, node.output().dims, in.rank), number(in.rank),
                         number(element_bytes(in)), "(uint8_t*)" + out.output(node)});
}
void strided_slice(Writer& out, const Node& node) {
  const auto& how = node.attributes<SliceAttributes>();
  i32 begin[nn::kMaxRank], step[nn::kMaxRank];
  for (u32 axis = 0; axis < nn::kMaxRank; ++axis) {
    begin[axis] = static_cast<i32>(how.begin[axis]);
    step[axis] = static_cast<i32>(how.step[axis]);
  }
  emit_slice(out, node, begin, step);
}

void pad(Writer& out, const Node& node) {
  const TensorRecord& in = node.input(0);
  const auto& how = node.attributes<PadAttributes>();
  const bool is_float = static_cast<DType>(in.dtype) == DType::f32;
  const std::string value =
      is_float ? out.constant("uint32_t", "[1]", number(how.value) + "u")
               : out.constant(type_name(in.dtype), "[1]", literal(static_cast<i32>(how.value)));
  out.need({"pad"});
  out.call("pad", {out.bytes_of(out.input(node, 0)), dims(out, in.dims, in.rank),
                   dims(out, how.before, in.rank), dims(out, node.output().dims, in.rank), number(in.rank),
                   number(element_bytes(in)), value, "(uint8_t*)" + out.output(node)});
}

void general_transpose(Writer& out, const Node& node) {
  const TensorRecord& in = node.input(0);
  const i32* perm = node.attributes<GeneralAttributes>().ints;
  const nn::general::Strides own = nn::general::strides_of(nn::general::type_of(in));
  u32 strides[nn::kMaxRank] = {};
  for (u32 axis = 0; axis < in.rank; ++axis) strides[axis] = own.of[perm[axis]];
  emit_strided(out, node, strides);
}

void expand(Writer& out, const Node& node) {
  const nn::general::Strides steps = nn::general::broadcast_strides(nn::general::type_of(node.input(0)),
                                                                    nn::general::type_of(node.output()));
  emit_strided(out, node, steps.of);
}

bool has_tile(const Node& node) { return node.output().rank > 0; }
void general_tile(Writer& out, const Node& node) {
  const TensorRecord& in = node.input(0);
  out.need({"tile"});
  out.call("tile", {out.bytes_of(out.input(node, 0)), dims(out, in.dims, in.rank),
                    dims(out, node.output().dims, in.rank), number(in.rank), number(element_bytes(in)),
                    "(uint8_t*)" + out.output(node)});
}

void frame(Writer& out, const Node& node) {
  const u32* in = node.input(0).dims;
  const u32 steps[] = {in[1] * in[2], static_cast<u32>(node.attributes<GeneralAttributes>().ints[0]) * in[2],
                       in[2], 1};
  emit_strided(out, node, steps);
}

bool has_general_pad(const Node& node) { return node.output().rank > 0 && node.input(0).bytes > 0; }

namespace {

/// A constant around the whole input.
bool surrounds(const Node& node) {
  const i32* ints = node.attributes<GeneralAttributes>().ints;
  for (u32 axis = 0; axis < node.output().rank; ++axis)
    if (ints[1 + axis] < 0 || ints[9 + axis] < 0) return false;
  return ints[0] == static_cast<i32>(nn::general::PadMode::constant) && node.input_count() == 2;
}

}  // namespace

void general_pad(Writer& out, const Node& node) {
  using nn::general::PadMode;
  const TensorRecord& in = node.input(0);
  const i32* ints = node.attributes<GeneralAttributes>().ints;
  std::string before;
  for (u32 axis = 0; axis < in.rank; ++axis) before += (axis == 0 ? "" : ", ") + literal(ints[1 + axis]);
  if (surrounds(node)) {
    out.need({"pad"});
    return out.call("pad", {out.bytes_of(out.input(node, 0)), dims(out, in.dims, in.rank),
                            out.constant("int32_t", "[" + number(in.rank) + "]", before),
                            dims(out, node.output().dims, in.rank), number(in.rank),
                            number(element_bytes(in)), out.input(node, 1), "(uint8_t*)" + out.output(node)});
  }
  const auto source = [&] {
    switch (static_cast<PadMode>(ints[0])) {
      case PadMode::edge: return "pad_edge";
      case PadMode::reflect: return "pad_reflect";
      case PadMode::wrap: return "pad_wrap";
      default: return "pad_constant";
    }
  };
  out.need({"pad_again"});
  out.call("pad_again", {out.bytes_of(out.input(node, 0)), source(), dims(out, in.dims, in.rank),
                         out.constant("int32_t", "[" + number(in.rank) + "]", before),
                         dims(out, node.output().dims, in.rank), number(in.rank), number(element_bytes(in)),
                         node.input_count() > 1 ? out.input(node, 1) : "0", "(uint8_t*)" + out.output(node)});
}

void emit_concat(Writer& out, const Node& node, u32 axis) {
  const TensorRecord& whole = node.output();
  u32 outer = 1, at = 0;
  for (u32 before = 0; before < axis; ++before) outer *= whole.dims[before];
  out.need({"copy_runs"});
  for (u32 index = 0; index < node.input_count(); ++index) {
    const u32 bytes = node.input(index).bytes / outer;
    if (bytes == 0) continue;
    out.call("copy_runs",
             {out.bytes_of(out.input(node, index)), number(outer), number(bytes), number(whole.bytes / outer),
              "(uint8_t*)" + out.output(node) + " + " + number(at)});
    at += bytes;
  }
}
void concat(Writer& out, const Node& node) {
  emit_concat(out, node, node.attributes<ConcatAttributes>().axis);
}

}  // namespace pipit::model::c
