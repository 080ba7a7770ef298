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
  i16 = 5,
  i32 = 6,
  i64 = 7,
  boolean = 9,
  f16 = 10,
  f64 = 11
};

/// TensorProto with its elements as little-endian bytes, whichever field the file kept them in.
struct Tensor {
  std::string name;
  ElementType type = ElementType::f32;
  std::vector<i64> dims;
  std::vector<u8> data;
};

using AttributeValue = std::variant<i64, f32, std::string, std::vector<i64>, std::vector<f32>, Tensor>;

struct Attribute {
  std::string name;
  AttributeValue value;
};

struct Node {
  std::string op_type, domain, name;
  std::vector<std::string> inputs, outputs;
  std::vector<Attribute> attributes;
};

/// A dimension that is a symbol or missing is -1.
struct ValueInfo {
  std::string name;
  ElementType type = ElementType::f32;
  std::vector<i64> dims;
};

struct Model {
  i64 opset = 13;
  std::string graph_name;
  std::vector<Node> nodes;
  std::vector<Tensor> initializers;
  std::vector<ValueInfo> inputs, outputs;
};

/// Parses hostile bytes. malformed for what is no ONNX model or a tensor whose data do not match its shape;
/// unsupported for element types outside ElementType, external data, sparse tensors, sub-graphs.
support::Result<Model> parse(Bytes file);

/// A TensorProto on its own, as ONNX's test data hold them. Errors as above.
support::Result<Tensor> parse_tensor(Bytes file);

/// Bytes of a ModelProto (IR version 8).
std::vector<u8> serialise(const Model& model);

}  // namespace pipit::model::onnx_file
