#pragma once
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include "base/crc32.h"
#include "nn/format.h"

/// Writes small `.pipm` files for tests. It checks nothing, so that it can write wrong ones too.
namespace pipit::nn::testing {

class ModelBuilder {
 public:
  using Ids = std::vector<u32>;
  using DimList = std::vector<u32>;

  /// An activation behind all others of the arena, or at `offset`.
  u32 activation(DType dtype, const DimList& dims, f32 scale = 0, i32 zero_point = 0, u32 offset = ~u32{0}) {
    format::TensorRecord record = record_of(dtype, dims, format::Placement::arena);
    record.scale = scale;
    record.zero_point = zero_point;
    record.offset = offset == ~u32{0} ? arena_ : offset;
    const u32 end = (record.offset + record.bytes + 15) & ~15u;
    if (end > arena_) arena_ = end;
    return add(record);
  }

  /// Kept between inferences; behind those made before.
  u32 state(DType dtype, const DimList& dims, f32 scale = 0, i32 zero_point = 0) {
    format::TensorRecord record = record_of(dtype, dims, format::Placement::state);
    record.scale = scale;
    record.zero_point = zero_point;
    record.offset = state_;  // build() moves it behind the activations
    state_ += (record.bytes + 15) & ~15u;
    return add(record);
  }

  template <class T>
  u32 constant(DType dtype, const DimList& dims, const std::vector<T>& values, f32 scale = 0,
               i32 zero_point = 0) {
    format::TensorRecord record = record_of(dtype, dims, format::Placement::constant);
    record.scale = scale;
    record.zero_point = zero_point;
    pad_to(16);
    record.offset = static_cast<u32>(sizeof(format::Header) + body_.size());
    append(values.data(), values.size() * sizeof(T));
    return add(record);
  }

  /// Attributes may be any struct of format.h; NoAttributes writes none.
  template <class T>
  void op(format::Opcode opcode, const Ids& inputs, u32 output, const T& attributes) {
    format::OperatorRecord record{static_cast<u8>(opcode), static_cast<u8>(inputs.size()), 1, 0, 0, 0, 0};
    if constexpr (!std::is_empty_v<T>) {
      record.attributes_offset = place(&attributes, sizeof attributes);
      record.attributes_bytes = sizeof attributes;
    }
    Ids ids = inputs;
    ids.push_back(output);
    record.ids_offset = place(ids.data(), ids.size() * sizeof(u32));
    operators_.push_back(record);
  }

  std::vector<u8> build(const Ids& inputs, const Ids& outputs, const char* name = "test", u64 macs = 0) {
    format::Header header{};
    header.magic = format::kMagic;
    header.version = format::kVersion;
    header.header_bytes = sizeof header;
    for (format::TensorRecord& record : tensors_)
      if (record.placement == static_cast<u8>(format::Placement::state)) record.offset += arena_;
    header.arena_bytes = arena_ + state_;
    header.state_bytes = state_;
    header.macs_low = static_cast<u32>(macs);
    header.macs_high = static_cast<u32>(macs >> 32);
    header.tensors_offset = place(tensors_.data(), tensors_.size() * sizeof tensors_[0]);
    header.tensor_count = static_cast<u32>(tensors_.size());
    header.operators_offset = place(operators_.data(), operators_.size() * sizeof operators_[0]);
    header.operator_count = static_cast<u32>(operators_.size());
    header.inputs_offset = place(inputs.data(), inputs.size() * sizeof(u32));
    header.input_count = static_cast<u32>(inputs.size());
    header.outputs_offset = place(outputs.data(), outputs.size() * sizeof(u32));
    header.output_count = static_cast<u32>(outputs.size());
    std::strncpy(header.name, name, sizeof header.name - 1);
    std::vector<u8> file(sizeof header);
    std::memcpy(file.data(), &header, sizeof header);
    file.insert(file.end(), body_.begin(), body_.end());
    seal(file);
    return file;
  }

  /// Makes size and checksum right again after a change.
  static void seal(std::vector<u8>& file) {
    if (file.size() < sizeof(format::Header)) return;
    format::Header& header = header_of(file);
    header.file_bytes = static_cast<u32>(file.size());
    header.crc32 = crc32(Bytes(file).subspan(format::kChecksumStart));
  }

  static format::Header& header_of(std::vector<u8>& file) {
    return *reinterpret_cast<format::Header*>(file.data());
  }
  static format::TensorRecord& tensor_of(std::vector<u8>& file, u32 id) {
    return reinterpret_cast<format::TensorRecord*>(file.data() + header_of(file).tensors_offset)[id];
  }
  static format::OperatorRecord& operator_of(std::vector<u8>& file, u32 index) {
    return reinterpret_cast<format::OperatorRecord*>(file.data() + header_of(file).operators_offset)[index];
  }
  template <class T>
  static T& attributes_of(std::vector<u8>& file, u32 index) {
    return *reinterpret_cast<T*>(file.data() + operator_of(file, index).attributes_offset);
  }

 private:
  static format::TensorRecord record_of(DType dtype, const DimList& dims, format::Placement placement) {
    format::TensorRecord record{};
    record.dtype = static_cast<u8>(dtype);
    record.rank = static_cast<u8>(dims.size());
    record.placement = static_cast<u8>(placement);
    record.bytes = dtype_bytes(dtype);
    for (usize axis = 0; axis < dims.size(); ++axis) {
      record.dims[axis] = dims[axis];
      record.bytes *= dims[axis];
    }
    return record;
  }

  u32 add(const format::TensorRecord& record) {
    tensors_.push_back(record);
    return static_cast<u32>(tensors_.size() - 1);
  }
  void pad_to(usize align) { body_.resize((body_.size() + align - 1) / align * align); }
  void append(const void* data, usize size) {
    const u8* bytes = static_cast<const u8*>(data);
    body_.insert(body_.end(), bytes, bytes + size);
  }
  u32 place(const void* data, usize size) {
    pad_to(4);
    const u32 offset = static_cast<u32>(sizeof(format::Header) + body_.size());
    append(data, size);
    return offset;
  }

  std::vector<format::TensorRecord> tensors_;
  std::vector<format::OperatorRecord> operators_;
  std::vector<u8> body_;
  u32 arena_ = 0, state_ = 0;
};

/// No fused activation.
constexpr format::Clamp kNoClampF32 = format::Clamp::of(-__builtin_inff(), __builtin_inff());
constexpr format::Clamp kNoClampI8 = format::Clamp::of(-128, 127);

}  // namespace pipit::nn::testing
