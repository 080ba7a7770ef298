#pragma once
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "nn/model_view.h"
#include "nn/operator.h"

namespace pipit::model::c {

/// "int8_t"; reals of 16 bits as uint16_t, their bits. nullptr for an unknown element type.
const char* type_name(u32 dtype);
/// "uint32_t": an unsigned integer as wide as the elements.
std::string bits_name(u32 dtype);
bool is_signed(u32 dtype);
/// What an integer type ranges over, as C names it: "INT8_MIN", "INT8_MAX".
struct Limits {
  std::string lowest, highest;
  std::string both() const { return lowest + ", " + highest; }
};
Limits limits_of(u32 dtype);
/// A literal that reads back as the same bits.
std::string literal(f32 value);
std::string literal(f64 value);
std::string literal(i32 value);

/// What the emitters of single operators write to and ask.
class Writer {
 public:
  /// `apart` puts constants into a blob instead of the text.
  Writer(nn::ModelView model, bool apart) : model_(model), apart_(apart) {}

  /// Asks for a kernel by its file's name; those it calls must be asked for as well.
  void need(std::initializer_list<const char*> kernels) { kernels_.insert(kernels.begin(), kernels.end()); }
  /// The same for processors with the DSP extension, and for all others.
  void need_dsp(std::initializer_list<const char*> kernels) { dsp_.insert(kernels.begin(), kernels.end()); }
  void need_elsewhere(std::initializer_list<const char*> kernels) {
    elsewhere_.insert(kernels.begin(), kernels.end());
  }
  /// Text at file scope before the entry points: instantiations of kernels, each once.
  void declare_once(const std::string& text);
  /// A static constant of this operator; yields its name.
  std::string constant(const char* type, const std::string& dims, const std::string& values);
  /// `count` bytes that no two operators use at once, or `dsp_count`, 8-byte aligned, with the DSP extension;
  /// yields the buffer's name.
  std::string scratch(u32 count, u32 dsp_count = 0);
  /// Constants in a kernel's own layout, in the blob; yields the expression of an aligned pointer to their
  /// bytes.
  std::string packed(Bytes bytes);
  /// A constant tensor's elements.
  template <class T>
  const T* data(const nn::format::TensorRecord& tensor) const {
    return &model_.at<T>(tensor.offset);
  }
  /// A statement of the run function.
  void call(const std::string& function, const std::vector<std::string>& arguments);

  /// A tensor as the expression of a pointer to its elements.
  std::string input(const nn::Node& node, u32 index);
  std::string output(const nn::Node& node);
  /// An input that the kernel writes: what it keeps from one inference to the next.
  std::string state(const nn::Node& node, u32 index);
  /// The same as bytes.
  std::string bytes_of(const std::string& pointer) const { return "(const uint8_t*)" + pointer; }

  const std::set<std::string>& kernels() const { return kernels_; }
  const std::set<std::string>& dsp_kernels() const { return dsp_; }
  const std::set<std::string>& elsewhere_kernels() const { return elsewhere_; }
  const std::vector<std::string>& declarations() const { return declarations_; }
  const std::string& constants() const { return constants_; }
  const std::string& body() const { return body_; }
  std::vector<u8> take_blob() { return std::move(blob_); }
  u32 scratch_bytes() const { return scratch_bytes_; }
  u32 dsp_scratch_bytes() const { return dsp_scratch_bytes_; }
  u32 constant_bytes() const { return constant_bytes_; }

 private:
  std::string pointer(const nn::format::TensorRecord& tensor, bool writable);
  std::string constant_tensor(const nn::format::TensorRecord& tensor);

  nn::ModelView model_;
  bool apart_;
  std::vector<u8> blob_;
  std::set<std::string> kernels_, dsp_, elsewhere_;
  std::vector<std::string> declarations_;
  std::set<u32> written_;               ///< constants by offset in the file
  std::map<u32, std::string> in_blob_;  ///< likewise, with their expression
  std::string constants_, body_;
  u32 scratch_bytes_ = 0, dsp_scratch_bytes_ = 0, constant_bytes_ = 0, made_ = 0;
};

/// How one operator of nn/format.h is written; refuses with a reason. dtype is that of its first input.
struct OperatorEmitter {
  nn::format::Opcode opcode;
  DType dtype;
  void (*write)(Writer& out, const nn::Node& node);
};
/// All of them.
std::span<const OperatorEmitter> emitters();
/// The functions of `general` among what they write.
std::vector<const char*> emitted_functions();
/// nullptr when there is none.
const OperatorEmitter* find_emitter(const nn::Node& node);

}  // namespace pipit::model::c
