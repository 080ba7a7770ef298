#pragma once
#include <span>

#include "nn/format.h"
#include "nn/model_view.h"
#include "nn/share.h"

/// What an operator is to the engine: how to verify one and how to run one.
namespace pipit::nn {

/// One operator of a model with its tensors. `arena` is null while it is being verified.
class Node {
 public:
  Node(ModelView model, u32 index, u8* arena) : Node(model, model.op(index), arena) {}
  /// The operator after this one, if the caller knows that there is one.
  Node next() const { return Node(model_, *(&record_ + 1), arena_); }

  u8 opcode() const { return record_.opcode; }
  /// Of the first input: what Operator::dtype is compared with.
  DType dtype() const { return static_cast<DType>(input(0).dtype); }
  u32 input_count() const { return record_.input_count; }
  const format::TensorRecord& input(u32 index) const { return model_.tensor(ids_[index]); }
  const format::TensorRecord& output() const { return model_.tensor(ids_[record_.input_count]); }

  /// The operator's attribute struct, the one that its opcode names in format.h.
  template <class T>
  const T& attributes() const {
    return model_.at<T>(record_.attributes_offset);
  }
  /// Elements of an input. A constant may be read while verifying, an activation only when running.
  template <class T>
  const T* data(u32 index) const {
    return reinterpret_cast<const T*>(address(input(index)));
  }
  /// Elements of an input whose verify() made sure that it is a state.
  template <class T>
  T* state(u32 index) const {
    return reinterpret_cast<T*>(arena_ + input(index).offset);
  }
  template <class T>
  T* out() const {
    return reinterpret_cast<T*>(arena_ + output().offset);
  }

 private:
  Node(ModelView model, const format::OperatorRecord& record, u8* arena)
      : model_(model), record_(record), ids_(model.ids(record)), arena_(arena) {}

  const u8* address(const format::TensorRecord& tensor) const {
    return tensor.placement == static_cast<u8>(format::Placement::constant) ? &model_.at<u8>(tensor.offset)
                                                                            : arena_ + tensor.offset;
  }

  ModelView model_;
  const format::OperatorRecord& record_;
  const u32* ids_;
  u8* arena_;
};

/// Operator::dtype of an operator that looks at element types itself.
constexpr DType kAnyDType = static_cast<DType>(0xFF);

/// One kernel family for one element type. The dtype is that of the operator's first input.
struct Operator {
  format::Opcode opcode;
  DType dtype;
  /// nullptr, or what is wrong: shapes, types, attributes. Number of inputs, every tensor's place and size
  /// and the overlap rule were checked before; what it accepts, run() may trust.
  const char* (*verify)(const Node& node);
  void (*run)(const Node& node);
};

/// What a prepared model does for one operator (nn/fast.h): run_fast, or run where that is null.
struct PreparedStep {
  void (*run)(const Node& node);
  void (*run_fast)(const Node& node, const u8* packed, u8* scratch, Share share);
  const u8* packed;
  bool shared;  ///< run_fast is worth the members of a team, or was for what `finish` follows
  void (*finish)(const Node& node, const u8* scratch, u64 apart, u32 members);
};

/// The operators this build has. nn/registry.cpp lists all of them; a board that wants fewer links its own
/// definition in its place, and the linker drops the kernels that nothing names.
std::span<const Operator* const> operator_registry();
/// Operators beyond that list: those of nn/extensions_all.cpp, or none where a build links
/// extensions_none.cpp.
std::span<const Operator* const> operator_extensions();

/// nullptr when this build has no such operator.
const Operator* find_operator(u8 opcode, DType dtype);

extern const Operator kConv2dF32, kConv2dI8;
extern const Operator kDepthwiseConv2dF32, kDepthwiseConv2dI8;
extern const Operator kFullyConnectedF32, kFullyConnectedI8;
extern const Operator kMaxPool2dF32, kMaxPool2dI8, kAveragePool2dF32, kAveragePool2dI8;
extern const Operator kGlobalAveragePoolF32, kGlobalAveragePoolI8;
extern const Operator kClampF32, kClampI8, kAddF32, kAddI8, kMulF32, kMulI8;
extern const Operator kQuantizeF32, kDequantizeI8, kRequantizeI8;
extern const Operator kSoftmaxF32, kSoftmaxI8;
extern const Operator kReshapeF32, kReshapeI8, kTransposeF32, kTransposeI8;
extern const Operator kPadF32, kPadI8, kConcatF32, kConcatI8;

/// nn/general: one of its functions.
extern const Operator kGeneral;

/// nn/custom: operators that are not Pipit's.
extern const Operator kCustom;

extern const Operator kSignFlipU8, kSignFlipI8, kLookupI8;
extern const Operator kConv2dWide, kTransposeConv2dWide, kAddWide, kSubWide, kLeakyReluWide;
extern const Operator kRequantizeI16, kRequantizeI32, kSliceF32, kSliceI8, kSliceI16, kPadI16, kReshapeI16;
extern const Operator kRequantizeWideI8, kQuantizeWide;
extern const Operator kSvdfF32, kSvdfI8, kLstmF32, kLstmI8;
extern const Operator kDynamicScale, kDynamicQuantize;
extern const Operator kDynamicConv2d, kDynamicDepthwiseConv2d, kDynamicFullyConnected;
extern const Operator kConv2dAsymmetric, kDepthwiseConv2dAsymmetric, kFullyConnectedAsymmetric;

}  // namespace pipit::nn
