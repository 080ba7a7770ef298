#include <cstring>

#include "base/crc32.h"
#include "nn/fixed_point.h"
#include "nn/nn.h"
#include "nn/operator.h"
#include "nn/shapes.h"

/// Everything that makes a `.pipm` safe to execute without another check. Sums of sizes are taken in 64 bits.
namespace pipit::nn {
namespace {

using format::Header;
using format::OperatorRecord;
using format::Placement;
using format::TensorRecord;

constexpr u64 kMaxTensorBytes = u64{1} << 30;  // so that every index of a kernel fits 32 bits, signed

Status malformed(const char* message, u32 where) { return Error{Code::malformed, message, where}; }
Status out_of_range(const char* message, u32 where) { return Error{Code::out_of_range, message, where}; }

class Verifier {
 public:
  explicit Verifier(Bytes file) : file_(file), model_(file) {}

  Status run() {
    TRY(check_header());
    TRY(check_tables());
    state_end_ = activation_bytes();
    for (u32 id = 0; id < header().tensor_count; ++id) TRY(check_tensor(id));
    TRY(check_operands());
    for (u32 index = 0; index < header().operator_count; ++index) TRY(check_operator(index));
    return check_outputs();
  }

 private:
  const Header& header() const { return model_.header(); }

  /// Whether `count` elements of `size` bytes at `offset` lie behind the header and inside the file.
  bool in_file(u32 offset, u64 count, u32 size, u32 align) const {
    return offset % align == 0 && offset >= sizeof(Header) && offset <= file_.size() &&
           count * size <= file_.size() - offset;
  }

  u32 offset_of(const void* record) const {
    return static_cast<u32>(static_cast<const u8*>(record) - file_.data());
  }

  Status check_header() const {
    if (file_.size() < sizeof(Header)) return malformed("model file shorter than its header", 0);
    if (reinterpret_cast<usize>(file_.data()) % format::kFileAlign != 0)
      return Error{Code::invalid_argument, "model file is not aligned in memory", 0};
    if (header().magic != format::kMagic) return malformed("model file without the magic PIPM", 0);
    if (header().version != format::kVersion)
      return Error{Code::unsupported, "model file of another format version", offsetof(Header, version)};
    if (header().header_bytes != sizeof(Header))
      return malformed("model header of another size", offsetof(Header, header_bytes));
    if (header().file_bytes != file_.size())
      return malformed("model file size differs from its header", offsetof(Header, file_bytes));
    if (header().crc32 != crc32(file_.subspan(format::kChecksumStart)))
      return malformed("model file checksum does not match", offsetof(Header, crc32));
    return {};
  }

  Status check_tables() const {
    const Header& h = header();
    if (h.arena_bytes % format::kTensorAlign != 0)
      return malformed("model arena size is not a multiple of 16", offsetof(Header, arena_bytes));
    if (h.state_bytes % format::kTensorAlign != 0 || h.state_bytes > h.arena_bytes)
      return malformed("model state does not fit the arena", offsetof(Header, state_bytes));
    if (std::memchr(h.name, 0, sizeof h.name) == nullptr)
      return malformed("model name is not terminated", offsetof(Header, name));

    struct Table {
      u32 field, offset, count, max, size;
      const char* bad_count;
      const char* bad_place;
    };
    const Table tables[] = {
        {offsetof(Header, tensors_offset), h.tensors_offset, h.tensor_count, format::kMaxTensors,
         sizeof(TensorRecord), "tensor table empty or too long", "tensor table outside the file"},
        {offsetof(Header, operators_offset), h.operators_offset, h.operator_count, format::kMaxOperators,
         sizeof(OperatorRecord), "operator table empty or too long", "operator table outside the file"},
        {offsetof(Header, inputs_offset), h.inputs_offset, h.input_count, format::kMaxOperands, sizeof(u32),
         "model inputs none or too many", "model input list outside the file"},
        {offsetof(Header, outputs_offset), h.outputs_offset, h.output_count, format::kMaxOperands,
         sizeof(u32), "model outputs none or too many", "model output list outside the file"},
    };
    for (const Table& table : tables) {
      // A model may have no input: it computes the same every time.
      const bool none = table.count == 0 && table.field != offsetof(Header, inputs_offset);
      if (none || table.count > table.max) return malformed(table.bad_count, table.field + 4);
      if (!in_file(table.offset, table.count, table.size, format::kTableAlign))
        return out_of_range(table.bad_place, table.field);
    }
    return {};
  }

  Status check_tensor(u32 id) {
    const TensorRecord& t = model_.tensor(id);
    const u32 where = offset_of(&t);
    if (t.dtype > static_cast<u8>(kLastDType)) return malformed("tensor of unknown element type", where);
    if (t.rank > kMaxRank) return malformed("tensor rank exceeds 8", where);
    if (t.reserved != 0) return malformed("tensor record with a non-zero reserved field", where);
    u64 bytes = dtype_bytes(static_cast<DType>(t.dtype));
    bool empty = false;
    for (u32 axis = 0; axis < kMaxRank; ++axis) {
      if (axis >= t.rank && t.dims[axis] != 0)
        return malformed("tensor dimensions do not fit its rank", where);
      if (axis >= t.rank) continue;
      // An empty tensor's other dimensions are bounded as well.
      bytes *= t.dims[axis] == 0 ? 1 : t.dims[axis];
      empty = empty || t.dims[axis] == 0;
      if (bytes > kMaxTensorBytes) return malformed("tensor larger than 1 GiB", where);
    }
    if ((empty ? 0 : bytes) != t.bytes) return malformed("tensor size differs from its shape", where);

    if (t.placement == static_cast<u8>(Placement::constant)) {
      if (!in_file(t.offset, t.bytes, 1, format::kTensorAlign))
        return out_of_range("constant tensor outside the file", where);
    } else if (t.placement == static_cast<u8>(Placement::arena)) {
      if (t.offset % format::kTensorAlign != 0 || u64{t.offset} + t.bytes > activation_bytes())
        return out_of_range("tensor outside the arena", where);
    } else if (is_state(t)) {
      // In the order of the table, so that no two share a byte.
      if (t.offset % format::kTensorAlign != 0 || t.offset < state_end_ ||
          u64{t.offset} + t.bytes > header().arena_bytes)
        return out_of_range("state outside the arena's end", where);
      state_end_ = t.offset + t.bytes;
    } else {
      return malformed("tensor of unknown placement", where);
    }
    return check_annotations(t, where);
  }

  Status check_annotations(const TensorRecord& t, u32 where) const {
    constexpr f32 kLargest = 3.4028234663852886e38f;
    if (!(t.scale >= 0 && t.scale <= kLargest))
      return malformed("tensor scale is not a finite positive number", where);
    i32 low = 0, high = 0;
    if (is(t, DType::i8)) low = kInt8Min, high = kInt8Max;
    if (is(t, DType::u8)) high = 255;
    if (is(t, DType::i16)) low = -32768, high = 32767;
    if (t.zero_point < low || t.zero_point > high) return malformed("tensor zero point out of range", where);
    if (t.channel_scales == 0 ? t.channel_axis != 0 : t.channel_axis >= t.rank)
      return malformed("tensor channel axis out of range", where);
    if (t.channel_scales != 0 &&
        !in_file(t.channel_scales, t.dims[t.channel_axis], sizeof(f32), format::kTableAlign))
      return out_of_range("tensor channel scales outside the file", where);
    if (t.name_offset == 0 ? t.name_bytes != 0 : !in_file(t.name_offset, t.name_bytes, 1, 1))
      return out_of_range("tensor name outside the file", where);
    return {};
  }

  /// An id that stands at `where` in the file.
  Status check_id(const u32& id) const {
    if (id >= header().tensor_count) return out_of_range("tensor id outside the table", offset_of(&id));
    return {};
  }

  u32 activation_bytes() const { return header().arena_bytes - header().state_bytes; }

  bool in_arena(u32 id) const { return model_.tensor(id).placement == static_cast<u8>(Placement::arena); }

  /// Whether two arena tensors share a byte.
  bool overlap(u32 a, u32 b) const {
    const TensorRecord& x = model_.tensor(a);
    const TensorRecord& y = model_.tensor(b);
    if (x.bytes == 0 || y.bytes == 0) return false;
    return x.offset < u64{y.offset} + y.bytes && y.offset < u64{x.offset} + x.bytes;
  }

  Status check_operands() const {
    const u32* inputs = model_.inputs();
    for (u32 index = 0; index < header().input_count; ++index) {
      TRY(check_id(inputs[index]));
      if (!in_arena(inputs[index]))
        return malformed("model input is no activation", offset_of(&inputs[index]));
      for (u32 other = 0; other < index; ++other)
        if (overlap(inputs[index], inputs[other]))
          return malformed("model inputs overlap", offset_of(&inputs[index]));
    }
    const u32* outputs = model_.outputs();
    for (u32 index = 0; index < header().output_count; ++index) {
      TRY(check_id(outputs[index]));
      if (!in_arena(outputs[index]))
        return malformed("model output is no activation", offset_of(&outputs[index]));
    }
    return {};
  }

  /// Errors about an operator name it by its index.
  Status check_operator(u32 index) const {
    const OperatorRecord& op = model_.op(index);
    const format::OperatorTraits* traits = format::traits_of(op.opcode);
    if (traits == nullptr) return Error{Code::unsupported, "operator unknown", index};
    if (op.input_count < traits->min_inputs || op.input_count > traits->max_inputs || op.output_count != 1 ||
        op.reserved != 0)
      return malformed("operator with a wrong number of operands", index);
    if (!in_file(op.ids_offset, op.input_count + 1u, sizeof(u32), format::kTableAlign))
      return out_of_range("operator operands outside the file", index);
    if (op.attributes_bytes != traits->attribute_bytes ||
        (op.attributes_bytes == 0 && op.attributes_offset != 0))
      return malformed("operator attributes of a wrong size", index);
    if (op.attributes_bytes != 0 &&
        !in_file(op.attributes_offset, 1, op.attributes_bytes, format::kTableAlign))
      return out_of_range("operator attributes outside the file", index);
    TRY(check_places(op, *traits, index));

    if (traits->opcode != format::Opcode::general) TRY(check_not_empty(op, index));
    const Node node(model_, index, nullptr);
    const Operator* kernel = find_operator(op.opcode, node.dtype());
    if (kernel == nullptr)
      return Error{Code::unsupported, "operator not in this build for its element type", index};
    if (const char* wrong = kernel->verify(node)) return malformed(wrong, index);
    return {};
  }

  Status check_not_empty(const OperatorRecord& op, u32 index) const {
    for (u32 i = 0; i <= op.input_count; ++i)
      if (model_.tensor(model_.ids(op)[i]).bytes == 0) return malformed("operator on an empty tensor", index);
    return {};
  }

  Status check_places(const OperatorRecord& op, const format::OperatorTraits& traits, u32 index) const {
    const u32* ids = model_.ids(op);
    for (u32 i = 0; i <= op.input_count; ++i)
      if (ids[i] >= header().tensor_count)
        return out_of_range("operator operand outside the tensor table", index);
    const u32 output = ids[op.input_count];
    if (!in_arena(output)) return malformed("operator's output is no activation", index);
    for (u32 i = 0; i < op.input_count; ++i) {
      if (!in_arena(ids[i])) continue;
      const TensorRecord& in = model_.tensor(ids[i]);
      const TensorRecord& out = model_.tensor(output);
      const bool exact = in.offset == out.offset && in.bytes == out.bytes;
      if (overlap(ids[i], output) && !(traits.in_place && exact))
        return malformed("operator output overlaps an input", index);
      if (!is_alive(ids[i], index))
        return malformed("operator input not computed or overwritten before", index);
    }
    return {};
  }

  /// Whether the arena tensor `id` holds its value when operator `index` starts: computed by an operator
  /// before, or a model input, and nothing written over it since.
  bool is_alive(u32 id, u32 index) const {
    while (index-- > 0) {
      const OperatorRecord& op = model_.op(index);
      const u32 written = model_.ids(op)[op.input_count];
      if (written == id) return true;
      if (overlap(written, id)) return false;
    }
    for (u32 input = 0; input < header().input_count; ++input)
      if (model_.inputs()[input] == id) return true;
    return false;
  }

  Status check_outputs() const {
    const u32* outputs = model_.outputs();
    for (u32 index = 0; index < header().output_count; ++index)
      if (!is_alive(outputs[index], header().operator_count))
        return malformed("model output not computed or overwritten", offset_of(&outputs[index]));
    return {};
  }

  Bytes file_;
  ModelView model_;
  u32 state_end_ = 0;  // of the states seen so far
};

}  // namespace

Result<PlannedModel> PlannedModel::load(Bytes file) {
  TRY(Verifier(file).run());
  return PlannedModel(file);
}

}  // namespace pipit::nn
