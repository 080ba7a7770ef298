#pragma once
#include <string>
#include <vector>

#include "compiler/model/flatbuffer.h"
#include "compiler/model/graph.h"

/// TensorFlow Lite files as plain structs. This part alone knows the schema's field numbers
/// (tensorflow/compiler/mlir/lite/schema/schema.fbs, version 3).
namespace pipit::model::tflite_file {

struct Tensor {
  std::string name;
  DType dtype = DType::f32;
  Shape shape;  ///< every dimension ≥ 0; a dynamic one is what the file holds for it, 1 as a rule
  Quantization quantization;
  bool has_quantization = false;
  bool variable = false;  ///< keeps its value from one inference to the next
  bool has_data = false;  ///< a constant; `data` has exactly the shape's bytes
  Bytes data;             ///< in the file
};

/// One operator. `options` is the table of its builtin options, none where it has none.
struct Node {
  u32 code = 0;                                     ///< BuiltinOperator
  std::string name;                                 ///< "CONV_2D", or a custom operator's own
  std::vector<i32> inputs, outputs, intermediates;  ///< tensor indices; −1 = left out
  FlatbufferTable options;
  Bytes custom_options;
};

constexpr u32 kCustom = 32;

struct Model {
  std::string name;
  std::vector<Tensor> tensors;
  std::vector<Node> nodes;
  std::vector<i32> inputs, outputs;
};

/// Whether the bytes carry TensorFlow Lite's file identifier.
bool is_tflite(Bytes file);

/// Parses a hostile file, which `reader` holds and which must outlive the model: malformed with the offset;
/// unsupported for several subgraphs, an element type without a counterpart, sparse tensors, data outside the
/// flatbuffer.
support::Result<Model> parse(FlatbufferReader& reader);

/// "CONV_2D"; "operator 250" for a number this schema does not name.
std::string builtin_name(u32 code);

}  // namespace pipit::model::tflite_file
