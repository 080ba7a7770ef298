#pragma once
#include <string>
#include <variant>
#include <vector>

#include "base/types.h"
#include "support/error.h"

/// ONNX files as plain data. The only users of protobuf's classes are onnx_file.cpp's two functions.
namespace pipit::model::onnx_file {

/// ONNX's TensorProto.DataType numbers that Pipit reads.
enum class ElementType : i32 {
  f32 = 1,
  u8 = 2,
  i8 = 3,
  u16 = 4,
  i16 = 5,
  i32 = 6,
  i64 = 7,
  boolean = 9,
  f16 = 10,
  f64 = 11,
  u32 = 12,
  u64 = 13,
  bf16 = 16,
};

/// TensorProto with its elements as little-endian bytes, whichever field the file kept them in.
struct Tensor {
  std::string name;
  ElementType type = ElementType::f32;
  std::vector<i64> dims;
  std::vector<u8> data;
};

struct Graph;
using AttributeValue = std::variant<i64, f32, std::string, std::vector<i64>, std::vector<f32>, Tensor,
                                    std::vector<std::string>, std::vector<Graph>>;

struct Attribute {
  std::string name;
  AttributeValue value;
  /// Inside a function: the attribute of the calling node whose value this has.
  std::string reference = {};
};

struct Node {
  std::string op_type, domain, name;
  std::vector<std::string> inputs, outputs;
  std::vector<Attribute> attributes;
};

/// A dimension that is a symbol or missing is -1.
struct ValueInfo {
  enum class Kind : u8 { tensor, sequence, optional, optional_sequence };
  std::string name;
  ElementType type = ElementType::f32;
  std::vector<i64> dims;
  bool ranked = true;  ///< the file says how many dimensions there are
  Kind kind = Kind::tensor;
};

/// Of the operator sets that are known. A newer one may give an operator another meaning.
constexpr i64 kNewestOpset = 21;

/// A graph inside a node: the body of If, Loop, Scan, SequenceMap.
struct Graph {
  std::vector<Node> nodes;
  std::vector<Tensor> initializers;
  std::vector<ValueInfo> inputs, outputs;
};

/// An operator that the model defines itself.
struct Function {
  std::string domain, name;
  std::vector<std::string> inputs, outputs;
  std::vector<Node> nodes;
};

struct Model {
  i64 opset = 13;
  std::string graph_name;
  std::vector<Node> nodes;
  std::vector<Tensor> initializers;
  std::vector<ValueInfo> inputs, outputs;
  std::vector<Function> functions;
};

/// A value of ONNX's test data: a tensor, a list of them, or nothing.
struct Value {
  bool present = true, is_list = false;
  std::vector<Tensor> tensors;
};

/// Parses hostile bytes. malformed for what is no ONNX model or a tensor whose data do not match its shape;
/// unsupported for element types outside ElementType and sparse tensors. Tensors kept in other files are read
/// from `folder`, which they cannot leave; not_found or malformed where they are not there or too short.
support::Result<Model> parse(Bytes file, const std::string& folder = "");

/// A TensorProto on its own, as ONNX's test data hold them. Errors as above.
support::Result<Tensor> parse_tensor(Bytes file);
/// The same for what may be a sequence or an optional.
support::Result<Value> parse_value(Bytes file, ValueInfo::Kind kind);

/// Bytes of a ModelProto (IR version 8).
std::vector<u8> serialise(const Model& model);
/// The same with the data of every initializer said to lie in the file `location`.
std::vector<u8> serialise_external(const Model& model, const std::string& location);

}  // namespace pipit::model::onnx_file
