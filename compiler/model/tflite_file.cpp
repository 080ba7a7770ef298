#include "compiler/model/tflite_file.h"

#include <algorithm>
#include <cstring>

#include "compiler/model/import_onnx.h"

namespace pipit::model::tflite_file {
namespace {

using support::Error;
using support::Result;
using support::Status;
using Table = FlatbufferTable;

constexpr u32 kMaxNameBytes = 256;
constexpr u32 kMaxDims = 8;
constexpr u32 kMaxBuffers = 1u << 18;
constexpr u32 kMaxOperands = 4096;
constexpr u32 kMaxChannels = 1u << 20;

/// Field numbers of the schema, by table.
namespace field {
enum Model { kOperatorCodes = 1, kSubgraphs = 2, kBuffers = 4 };
enum OperatorCode { kDeprecatedCode = 0, kCustomCode = 1, kBuiltinCode = 3 };
enum SubGraph { kTensors = 0, kInputs = 1, kOutputs = 2, kOperators = 3, kGraphName = 4 };
enum Tensor {
  kShape = 0,
  kType = 1,
  kBuffer = 2,
  kName = 3,
  kQuantization = 4,
  kIsVariable = 5,
  kSparsity = 6
};
enum Quantization { kScale = 2, kZeroPoint = 3, kQuantizedDimension = 6 };
enum Buffer { kData = 0, kOffset = 1 };
enum Operator {
  kOpcodeIndex = 0,
  kOpInputs = 1,
  kOpOutputs = 2,
  kOptions = 4,
  kCustomOptions = 5,
  kIntermediates = 8
};
}  // namespace field

/// By TensorType's number.
constexpr struct {
  bool known;
  DType dtype;
} kTypes[] = {{true, DType::f32},     {true, DType::f16}, {true, DType::i32},
              {true, DType::u8},      {true, DType::i64}, {false, {}},
              {true, DType::boolean}, {true, DType::i16}, {false, {}},
              {true, DType::i8},      {true, DType::f64}, {false, {}},
              {true, DType::u64},     {false, {}},        {false, {}},
              {true, DType::u32},     {true, DType::u16}};

constexpr const char* kBuiltins[] = {"ADD",
                                     "AVERAGE_POOL_2D",
                                     "CONCATENATION",
                                     "CONV_2D",
                                     "DEPTHWISE_CONV_2D",
                                     "DEPTH_TO_SPACE",
                                     "DEQUANTIZE",
                                     "EMBEDDING_LOOKUP",
                                     "FLOOR",
                                     "FULLY_CONNECTED",
                                     "HASHTABLE_LOOKUP",
                                     "L2_NORMALIZATION",
                                     "L2_POOL_2D",
                                     "LOCAL_RESPONSE_NORMALIZATION",
                                     "LOGISTIC",
                                     "LSH_PROJECTION",
                                     "LSTM",
                                     "MAX_POOL_2D",
                                     "MUL",
                                     "RELU",
                                     "RELU_N1_TO_1",
                                     "RELU6",
                                     "RESHAPE",
                                     "RESIZE_BILINEAR",
                                     "RNN",
                                     "SOFTMAX",
                                     "SPACE_TO_DEPTH",
                                     "SVDF",
                                     "TANH",
                                     "CONCAT_EMBEDDINGS",
                                     "SKIP_GRAM",
                                     "CALL",
                                     "CUSTOM",
                                     "EMBEDDING_LOOKUP_SPARSE",
                                     "PAD",
                                     "UNIDIRECTIONAL_SEQUENCE_RNN",
                                     "GATHER",
                                     "BATCH_TO_SPACE_ND",
                                     "SPACE_TO_BATCH_ND",
                                     "TRANSPOSE",
                                     "MEAN",
                                     "SUB",
                                     "DIV",
                                     "SQUEEZE",
                                     "UNIDIRECTIONAL_SEQUENCE_LSTM",
                                     "STRIDED_SLICE",
                                     "BIDIRECTIONAL_SEQUENCE_RNN",
                                     "EXP",
                                     "TOPK_V2",
                                     "SPLIT",
                                     "LOG_SOFTMAX",
                                     "DELEGATE",
                                     "BIDIRECTIONAL_SEQUENCE_LSTM",
                                     "CAST",
                                     "PRELU",
                                     "MAXIMUM",
                                     "ARG_MAX",
                                     "MINIMUM",
                                     "LESS",
                                     "NEG",
                                     "PADV2",
                                     "GREATER",
                                     "GREATER_EQUAL",
                                     "LESS_EQUAL",
                                     "SELECT",
                                     "SLICE",
                                     "SIN",
                                     "TRANSPOSE_CONV",
                                     "SPARSE_TO_DENSE",
                                     "TILE",
                                     "EXPAND_DIMS",
                                     "EQUAL",
                                     "NOT_EQUAL",
                                     "LOG",
                                     "SUM",
                                     "SQRT",
                                     "RSQRT",
                                     "SHAPE",
                                     "POW",
                                     "ARG_MIN",
                                     "FAKE_QUANT",
                                     "REDUCE_PROD",
                                     "REDUCE_MAX",
                                     "PACK",
                                     "LOGICAL_OR",
                                     "ONE_HOT",
                                     "LOGICAL_AND",
                                     "LOGICAL_NOT",
                                     "UNPACK",
                                     "REDUCE_MIN",
                                     "FLOOR_DIV",
                                     "REDUCE_ANY",
                                     "SQUARE",
                                     "ZEROS_LIKE",
                                     "FILL",
                                     "FLOOR_MOD",
                                     "RANGE",
                                     "RESIZE_NEAREST_NEIGHBOR",
                                     "LEAKY_RELU",
                                     "SQUARED_DIFFERENCE",
                                     "MIRROR_PAD",
                                     "ABS",
                                     "SPLIT_V",
                                     "UNIQUE",
                                     "CEIL",
                                     "REVERSE_V2",
                                     "ADD_N",
                                     "GATHER_ND",
                                     "COS",
                                     "WHERE",
                                     "RANK",
                                     "ELU",
                                     "REVERSE_SEQUENCE",
                                     "MATRIX_DIAG",
                                     "QUANTIZE",
                                     "MATRIX_SET_DIAG",
                                     "ROUND",
                                     "HARD_SWISH",
                                     "IF",
                                     "WHILE",
                                     "NON_MAX_SUPPRESSION_V4",
                                     "NON_MAX_SUPPRESSION_V5",
                                     "SCATTER_ND",
                                     "SELECT_V2",
                                     "DENSIFY",
                                     "SEGMENT_SUM",
                                     "BATCH_MATMUL"};

class Parser {
 public:
  explicit Parser(FlatbufferReader& reader) : reader_(reader) {}

  Result<Model> run() {
    const Table root = Table::root(reader_);
    const auto graphs = root.tables(field::kSubgraphs, 1024);
    codes_ = root.tables(field::kOperatorCodes, kMaxOperands);
    buffers_ = root.tables(field::kBuffers, kMaxBuffers);
    TRY(check());
    if (graphs.size() != 1)
      return Error(Code::unsupported, "the model has " + std::to_string(graphs.size()) +
                                          " subgraphs; only one can be imported (no IF, WHILE or CALL)");
    Model model;
    const Table& graph = graphs[0];
    model.name = graph.text(field::kGraphName, kMaxNameBytes);
    model.inputs = graph.vector<i32>(field::kInputs, kMaxOperands);
    model.outputs = graph.vector<i32>(field::kOutputs, kMaxOperands);
    const auto tensors = graph.tables(field::kTensors, kMaxTensors);
    const auto nodes = graph.tables(field::kOperators, kMaxNodes);
    TRY(check());
    for (const Table& tensor : tensors)
      model.tensors.push_back(TRY(read_tensor(tensor, model.tensors.size())));
    for (const Table& node : nodes) model.nodes.push_back(TRY(read_node(node)));
    return model;
  }

 private:
  Status check() const {
    if (!reader_.failed()) return {};
    return Error(Code::malformed,
                 std::string(reader_.failure()) + " (offset " + std::to_string(reader_.where()) + ")");
  }

  Result<Tensor> read_tensor(const Table& from, usize index) {
    Tensor tensor;
    tensor.name = from.text(field::kName, kMaxNameBytes);
    if (tensor.name.empty()) tensor.name = "tensor" + std::to_string(index);
    const std::string what = "tensor '" + tensor.name + "'";
    const u8 type = from.scalar<u8>(field::kType, 0);
    for (i32 dim : from.vector<i32>(field::kShape, kMaxDims)) tensor.shape.push_back(dim);
    tensor.variable = from.scalar<u8>(field::kIsVariable, 0) != 0;
    read_quantization(from.table(field::kQuantization), tensor);
    const u32 buffer = from.scalar<u32>(field::kBuffer, 0);
    TRY(check());
    if (from.has(field::kSparsity)) return Error(Code::unsupported, what + " is sparse");
    if (type >= std::size(kTypes) || !kTypes[type].known)
      return Error(Code::unsupported, what + " has element type " + std::to_string(type) +
                                          ", which is neither a float nor an integer");
    tensor.dtype = kTypes[type].dtype;
    TRY(check_shape(tensor, what));
    if (buffer >= buffers_.size() && buffer != 0)
      return Error(Code::malformed, what + " lies in buffer " + std::to_string(buffer) + " of " +
                                        std::to_string(buffers_.size()));
    if (buffer != 0) TRY(read_data(buffers_[buffer], tensor, what));
    return tensor;
  }

  static Status check_shape(const Tensor& tensor, const std::string& what) {
    i64 count = 1;
    for (i64 dim : tensor.shape) {
      if (dim < 0) return Error(Code::malformed, what + " has a negative dimension");
      if (dim != 0 && count > kMaxElements / dim)
        return Error(Code::out_of_range, what + " has more than 2^28 elements");
      count *= dim;
    }
    return {};
  }

  /// A buffer without bytes belongs to an activation.
  Status read_data(const Table& buffer, Tensor& tensor, const std::string& what) {
    const Bytes data = buffer.bytes(field::kData);
    const u64 external = buffer.scalar<u64>(field::kOffset, 0);
    TRY(check());
    if (external > 1) return Error(Code::unsupported, what + " keeps its data behind the flatbuffer");
    if (data.empty() && element_count(tensor.shape) != 0) return {};
    const u64 wanted = static_cast<u64>(element_count(tensor.shape)) * dtype_bytes(tensor.dtype);
    if (data.size() != wanted)
      return Error(Code::malformed, what + " has " + std::to_string(data.size()) +
                                        " bytes of data, its shape " + to_string(tensor.shape) + " needs " +
                                        std::to_string(wanted));
    tensor.has_data = true;
    tensor.data = data;
    return {};
  }

  static void read_quantization(const Table& from, Tensor& tensor) {
    if (!from.valid()) return;
    tensor.quantization.scales = from.vector<f32>(field::kScale, kMaxChannels);
    for (i64 zero : from.vector<i64>(field::kZeroPoint, kMaxChannels))
      tensor.quantization.zero_points.push_back(static_cast<i32>(std::clamp<i64>(zero, -(1 << 30), 1 << 30)));
    tensor.quantization.zero_points.resize(tensor.quantization.scales.size());
    tensor.has_quantization = !tensor.quantization.scales.empty();
    if (tensor.quantization.scales.size() > 1)
      tensor.quantization.axis = from.scalar<i32>(field::kQuantizedDimension, 0);
  }

  Result<Node> read_node(const Table& from) {
    Node node;
    const u32 index = from.scalar<u32>(field::kOpcodeIndex, 0);
    node.inputs = from.vector<i32>(field::kOpInputs, kMaxOperands);
    node.outputs = from.vector<i32>(field::kOpOutputs, kMaxOperands);
    node.intermediates = from.vector<i32>(field::kIntermediates, kMaxOperands);
    node.options = from.table(field::kOptions);
    node.custom_options = from.bytes(field::kCustomOptions);
    TRY(check());
    if (index >= codes_.size())
      return Error(Code::malformed, "an operator's code " + std::to_string(index) + " is not in the table");
    // Codes beyond 127 stand in the newer field; older files have the old one alone.
    const Table& code = codes_[index];
    const i32 old_code = code.scalar<i8>(field::kDeprecatedCode, 0);
    node.code = static_cast<u32>(std::max(old_code, code.scalar<i32>(field::kBuiltinCode, 0)));
    node.name = node.code == kCustom ? code.text(field::kCustomCode, kMaxNameBytes) : builtin_name(node.code);
    TRY(check());
    return node;
  }

  FlatbufferReader& reader_;
  std::vector<Table> codes_, buffers_;
};

}  // namespace

bool is_tflite(Bytes file) { return file.size() >= 8 && std::memcmp(file.data() + 4, "TFL3", 4) == 0; }

std::string builtin_name(u32 code) {
  return code < std::size(kBuiltins) ? kBuiltins[code] : "operator " + std::to_string(code);
}

Result<Model> parse(FlatbufferReader& reader) {
  if (!is_tflite(reader.file())) return Error(Code::malformed, "no TensorFlow Lite file (identifier TFL3)");
  return Parser(reader).run();
}

}  // namespace pipit::model::tflite_file
