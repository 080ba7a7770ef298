#pragma once
#include <array>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/dtype.h"
#include "base/types.h"
#include "nn/format.h"
#include "support/error.h"

/// The model compiler's intermediate representation: a graph of operators over statically shaped tensors.
namespace pipit::model {

/// Index of a tensor or node in its graph; never a bare integer.
template <class Tag>
struct Id {
  static constexpr u32 kNone = ~u32{0};
  u32 index = kNone;
  bool valid() const { return index != kNone; }
  friend bool operator==(Id, Id) = default;
};
using TensorId = Id<struct TensorTag>;
using NodeId = Id<struct NodeTag>;

using Shape = std::vector<i64>;

/// Elements of a shape; 1 for a scalar.
i64 element_count(const Shape& shape);
/// "1x3x28x28", "scalar"
std::string to_string(const Shape& shape);
const char* dtype_name(DType type);

/// real = scale × (q − zero_point): one scale, or one per index of `axis`.
struct Quantization {
  std::vector<f32> scales;
  std::vector<i32> zero_points;
  i32 axis = -1;  ///< −1 = per tensor
  bool per_channel() const { return axis >= 0; }
  friend bool operator==(const Quantization&, const Quantization&) = default;
};

struct Tensor {
  std::string name;
  DType dtype = DType::f32;
  Shape shape;
  std::optional<Quantization> quantization;  ///< of integer tensors once Quantize/Dequantize were lowered
  bool constant = false;
  bool state = false;    ///< kept between inferences; operators that read it may change it
  std::vector<u8> data;  ///< of a constant: elements, little-endian, row-major
  NodeId producer;       ///< none for inputs and constants
  /// The tensor whose values these are, with the axes in another order; layout passes keep track. None =
  /// itself.
  TensorId origin;
};

/// The one operator table: enumerator (also the name in dumps), fewest and most inputs, what it stands for.
#define PIPIT_MODEL_OPERATORS(X)                                                                  \
  X(conv, 2, 3)           /* x [N,C,H,W], w [O,C/group,KH,KW], bias [O] */                        \
  X(depthwise_conv, 3, 3) /* after layout: x NHWC, w [1,KH,KW,O], bias */                         \
  X(batch_norm, 5, 5)     /* x, scale, bias, mean, variance */                                    \
  X(clamp, 1, 1)          /* Relu, Clip: the bounds are Node::clamp */                            \
  X(max_pool, 1, 1)                                                                               \
  X(average_pool, 1, 1)                                                                           \
  X(global_average_pool, 1, 1)                                                                    \
  X(reduce_mean, 1, 1)                                                                            \
  X(gemm, 2, 3)                                                                                   \
  X(matmul, 2, 2)                                                                                 \
  X(fully_connected, 3, 3) /* x [N,I], w [O,I], bias [O] */                                       \
  X(add, 2, 2)                                                                                    \
  X(sub, 2, 2)                                                                                    \
  X(mul, 2, 2)                                                                                    \
  X(div, 2, 2)                                                                                    \
  X(reshape, 1, 1) /* Reshape, Flatten, Squeeze, Unsqueeze */                                     \
  X(transpose, 1, 1)                                                                              \
  X(softmax, 1, 1)                                                                                \
  X(concat, 1, 32)                                                                                \
  X(pad, 1, 1)                                                                                    \
  X(identity, 1, 1)   /* Identity, Dropout */                                                     \
  X(quantize, 1, 1)   /* f32 to integers, by the Quantization attribute */                        \
  X(dequantize, 1, 1) /* integers to f32 */                                                       \
  X(requantize, 1, 1) /* i8 to i8 with another scale or zero point */                             \
  X(gather, 2, 2)     /* gather, slice, cast: of constants only */                                \
  X(slice, 1, 1)                                                                                  \
  X(cast, 1, 1)                                                                                   \
  X(sign_flip, 1, 1)     /* u8 to i8 and back: the same numbers, zero points 128 apart */         \
  X(general, 1, 32)      /* any function of nn/general */                                         \
  X(custom, 1, 8)        /* an operator behind nn/include/pipit/operator.h */                     \
  X(lookup, 2, 2)        /* i8 x, table [256] by x + 128 */                                       \
  X(dynamic_scale, 1, 1) /* and below: the steps of a dynamically quantised layer, nn/format.h */ \
  X(dynamic_quantize, 2, 2)                                                                       \
  X(dynamic_conv, 6, 6)                                                                           \
  X(dynamic_depthwise_conv, 6, 6)                                                                 \
  X(dynamic_fully_connected, 6, 6)                                                                \
  X(transpose_conv, 3, 3) /* i16 x NHWC, i8 weights OHWI, bias; pads at the top and left */       \
  X(sub_wide, 2, 2)       /* i16 */                                                               \
  X(leaky_relu_wide, 1, 1)                                                                        \
  X(strided_slice, 1, 1)                                                                          \
  X(svdf, 5, 5) /* x, feature and time weights, bias, state */                                    \
  X(lstm, 6, 6) /* x, weights and bias of the four gates, hidden and cell state */

enum class Op : u8 {
#define X(name, fewest, most) name,
  PIPIT_MODEL_OPERATORS(X)
#undef X
};
const char* op_name(Op op);

/// Bounds of an activation in real numbers.
struct Clamp {
  f32 low = -std::numeric_limits<f32>::infinity();
  f32 high = std::numeric_limits<f32>::infinity();
  bool none() const { return *this == Clamp{}; }
  /// This clamp, then the other.
  Clamp then(Clamp next) const;
  friend bool operator==(Clamp, Clamp) = default;
};

/// A two-dimensional window: height first.
struct Window {
  std::array<u32, 2> kernel{1, 1}, stride{1, 1}, dilation{1, 1};
  std::array<u32, 2> pad_begin{0, 0}, pad_end{0, 0};
};

struct ConvAttributes {
  Window window;
  u32 group = 1;
};
struct PoolAttributes {
  Window window;
  bool count_include_pad = false;
  bool ceil_mode = false;
  bool round_half_up = false;  ///< int8 averages of a uint8 model
};
struct GemmAttributes {
  f32 alpha = 1, beta = 1;
  bool transpose_a = false, transpose_b = false;
};
struct BatchNormAttributes {
  f32 epsilon = 1e-5f;
};
struct AxisAttributes {
  i64 axis = 0;
};
struct AxesAttributes {
  std::vector<i64> axes;
  bool keep_dims = true;
};
struct TransposeAttributes {
  std::vector<u32> perm;
};
/// The output's shape.
struct ReshapeAttributes {
  Shape shape;
};
struct PadAttributes {
  std::vector<i64> before, after;
  f32 value = 0;
};
/// Along each axis: first index, one past the last, step.
struct SliceAttributes {
  std::vector<i64> begin, end, step;
};
struct CastAttributes {
  DType to = DType::f32;
};
/// Of quantize and dequantize; `integer` is the type on the integer side.
struct QuantizeAttributes {
  Quantization quantization;
  DType integer = DType::i8;
};
/// Of general: the function and its numbers (nn/general/general.h).
using GeneralAttributes = nn::format::GeneralAttributes;
/// Of custom: the operator's name and the values of its attributes.
using CustomAttributes = nn::format::CustomAttributes;
/// Of svdf and lstm, as they stand in the file.
using SvdfAttributes = nn::format::SvdfAttributes;
using LstmAttributes = nn::format::LstmAttributes;
/// Of leaky_relu_wide.
struct LeakyReluAttributes {
  f32 alpha = 0;
};
/// Of dynamic_scale: zero points are 0.
struct DynamicAttributes {
  bool symmetric = false;
};
using Attributes =
    std::variant<std::monostate, ConvAttributes, PoolAttributes, GemmAttributes, BatchNormAttributes,
                 AxisAttributes, AxesAttributes, TransposeAttributes, ReshapeAttributes, PadAttributes,
                 SliceAttributes, CastAttributes, QuantizeAttributes, DynamicAttributes, LeakyReluAttributes,
                 GeneralAttributes, CustomAttributes, SvdfAttributes, LstmAttributes>;

/// One operator with one output. `clamp` is the activation fused to its end.
struct Node {
  Op op = Op::identity;
  std::string name;
  std::vector<TensorId> inputs;
  TensorId output;
  Attributes attributes;
  Clamp clamp;

  template <class T>
  T& as() {
    return std::get<T>(attributes);
  }
  template <class T>
  const T& as() const {
    return std::get<T>(attributes);
  }
};

/// The graph. Tensor and node ids stay valid while it changes; `order` is the topological order of the nodes
/// alive.
class Graph {
 public:
  std::string name;
  std::vector<TensorId> inputs, outputs;
  usize folded_bytes = 0;      ///< of constants computed so far; fold_node bounds it
  bool channels_last = false;  ///< after layout: image operators read NHWC, conv weights are OHWI

  Tensor& operator[](TensorId id);
  const Tensor& operator[](TensorId id) const;
  Node& operator[](NodeId id);
  const Node& operator[](NodeId id) const;
  usize tensor_count() const { return tensors_.size(); }
  const std::vector<NodeId>& order() const { return order_; }
  /// Another topological order of the same nodes.
  void set_order(std::vector<NodeId> order) { order_ = std::move(order); }

  TensorId add_tensor(Tensor tensor);
  /// A constant of T's elements.
  template <class T>
  TensorId add_constant(std::string name, DType dtype, Shape shape, const std::vector<T>& values);
  /// Adds a node at the end, or directly before another one; it becomes its output's producer.
  NodeId append(Node node);
  NodeId insert_before(NodeId at, Node node);
  NodeId insert_after(NodeId at, Node node);
  /// Takes the node out; its output has no producer afterwards.
  void erase(NodeId id);
  /// Gives a node another output; the old one has no producer afterwards.
  void set_output(NodeId id, TensorId output);

  /// The node that makes a tensor, if it is `op`; nullptr otherwise.
  const Node* produced_by(TensorId id, Op op) const;
  /// Nodes that read a tensor, each once, in order.
  std::vector<NodeId> consumers(TensorId id) const;
  bool is_output(TensorId id) const;
  bool is_input(TensorId id) const;
  /// The single reader of a tensor that is no model output; none otherwise.
  NodeId sole_consumer(TensorId id) const;
  /// Makes every reader of `from` (model outputs too, whose name moves along) read `to`. False, and nothing
  /// changed, where a model output would become an input, a constant or another output.
  bool replace_uses(TensorId from, TensorId to);

  /// "Conv node 'conv1'"
  std::string describe(NodeId id) const;

 private:
  NodeId insert_at(usize position, Node node);
  usize position(NodeId id) const;

  // Deques, so that references stay valid while tensors and nodes are added.
  std::deque<Tensor> tensors_;
  std::deque<Node> nodes_;
  std::vector<NodeId> order_;
};

/// Elements of a constant as numbers, whatever its dtype; empty for one that is not constant.
std::vector<f32> constant_floats(const Tensor& tensor);
std::vector<i64> constant_ints(const Tensor& tensor);

/// The graph as text, one node a line; stable, for goldens.
std::string print(const Graph& graph);

template <class T>
TensorId Graph::add_constant(std::string name, DType dtype, Shape shape, const std::vector<T>& values) {
  Tensor tensor{std::move(name), dtype, std::move(shape)};
  tensor.constant = true;
  const u8* first = reinterpret_cast<const u8*>(values.data());
  tensor.data.assign(first, first + values.size() * sizeof(T));
  return add_tensor(std::move(tensor));
}

}  // namespace pipit::model
