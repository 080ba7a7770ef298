#include "compiler/model/graph.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/endian.h"
#include "nn/general/types.h"

namespace pipit::model {

i64 element_count(const Shape& shape) {
  i64 count = 1;
  for (i64 dim : shape) count *= dim;
  return count;
}

const char* op_name(Op op) {
  constexpr const char* kNames[] = {
#define X(name, fewest, most) #name,
      PIPIT_MODEL_OPERATORS(X)
#undef X
  };
  return kNames[static_cast<u8>(op)];
}

Clamp Clamp::then(Clamp next) const {
  const auto bound = [&](f32 value) { return std::min(std::max(value, next.low), next.high); };
  return {bound(low), bound(high)};
}

Tensor& Graph::operator[](TensorId id) {
  PIPIT_CHECK(id.index < tensors_.size());
  return tensors_[id.index];
}
const Tensor& Graph::operator[](TensorId id) const {
  PIPIT_CHECK(id.index < tensors_.size());
  return tensors_[id.index];
}
Node& Graph::operator[](NodeId id) {
  PIPIT_CHECK(id.index < nodes_.size());
  return nodes_[id.index];
}
const Node& Graph::operator[](NodeId id) const {
  PIPIT_CHECK(id.index < nodes_.size());
  return nodes_[id.index];
}

TensorId Graph::add_tensor(Tensor tensor) {
  tensors_.push_back(std::move(tensor));
  return {static_cast<u32>(tensors_.size() - 1)};
}

usize Graph::position(NodeId id) const {
  const auto found = std::find(order_.begin(), order_.end(), id);
  PIPIT_CHECK(found != order_.end());
  return static_cast<usize>(found - order_.begin());
}

NodeId Graph::insert_at(usize position, Node node) {
  const NodeId id{static_cast<u32>(nodes_.size())};
  (*this)[node.output].producer = id;
  nodes_.push_back(std::move(node));
  order_.insert(order_.begin() + static_cast<std::ptrdiff_t>(position), id);
  return id;
}

NodeId Graph::append(Node node) { return insert_at(order_.size(), std::move(node)); }
NodeId Graph::insert_before(NodeId at, Node node) { return insert_at(position(at), std::move(node)); }
NodeId Graph::insert_after(NodeId at, Node node) { return insert_at(position(at) + 1, std::move(node)); }

void Graph::erase(NodeId id) {
  order_.erase(order_.begin() + static_cast<std::ptrdiff_t>(position(id)));
  Tensor& output = (*this)[(*this)[id].output];
  if (output.producer == id) output.producer = {};
}

void Graph::set_output(NodeId id, TensorId output) {
  Tensor& old = (*this)[(*this)[id].output];
  if (old.producer == id) old.producer = {};
  (*this)[id].output = output;
  (*this)[output].producer = id;
}

const Node* Graph::produced_by(TensorId id, Op op) const {
  const NodeId producer = (*this)[id].producer;
  return producer.valid() && (*this)[producer].op == op ? &(*this)[producer] : nullptr;
}

std::vector<NodeId> Graph::consumers(TensorId id) const {
  std::vector<NodeId> found;
  for (NodeId node : order_) {
    const auto& reads = (*this)[node].inputs;
    if (std::find(reads.begin(), reads.end(), id) != reads.end()) found.push_back(node);
  }
  return found;
}

bool Graph::is_output(TensorId id) const {
  return std::find(outputs.begin(), outputs.end(), id) != outputs.end();
}
bool Graph::is_input(TensorId id) const {
  return std::find(inputs.begin(), inputs.end(), id) != inputs.end();
}

NodeId Graph::sole_consumer(TensorId id) const {
  if (is_output(id)) return {};
  const auto readers = consumers(id);
  return readers.size() == 1 ? readers[0] : NodeId{};
}

bool Graph::replace_uses(TensorId from, TensorId to) {
  if (is_output(from)) {
    if (is_input(to) || is_output(to) || (*this)[to].constant) return false;
    std::swap((*this)[to].name, (*this)[from].name);
    std::replace(outputs.begin(), outputs.end(), from, to);
  }
  for (NodeId node : order_) {
    auto& reads = (*this)[node].inputs;
    std::replace(reads.begin(), reads.end(), from, to);
  }
  return true;
}

std::string Graph::describe(NodeId id) const {
  const Node& node = (*this)[id];
  return std::string(op_name(node.op)) + " node '" + node.name + "'";
}

namespace {

template <class To, class From>
void convert(std::vector<To>& out, const std::vector<u8>& data) {
  const usize count = data.size() / sizeof(From);
  out.reserve(count);
  for (usize i = 0; i < count; ++i)
    out.push_back(static_cast<To>(load_le<From>(data.data() + i * sizeof(From))));
}

template <class To>
std::vector<To> constant_values(const Tensor& tensor) {
  std::vector<To> values;
  if (!tensor.constant) return values;
  switch (tensor.dtype) {
    case DType::f32: convert<To, f32>(values, tensor.data); break;
    case DType::f64: convert<To, f64>(values, tensor.data); break;
    case DType::i64: convert<To, i64>(values, tensor.data); break;
    case DType::i32: convert<To, i32>(values, tensor.data); break;
    case DType::i16: convert<To, i16>(values, tensor.data); break;
    case DType::i8: convert<To, i8>(values, tensor.data); break;
    case DType::u8:
    case DType::boolean: convert<To, u8>(values, tensor.data); break;
    case DType::u16: convert<To, u16>(values, tensor.data); break;
    case DType::u32: convert<To, u32>(values, tensor.data); break;
    case DType::u64: convert<To, u64>(values, tensor.data); break;
    case DType::f16: convert<To, nn::general::Half>(values, tensor.data); break;
    case DType::bf16: convert<To, nn::general::BFloat>(values, tensor.data); break;
  }
  return values;
}

}  // namespace

std::vector<f32> constant_floats(const Tensor& tensor) { return constant_values<f32>(tensor); }

std::vector<i64> constant_ints(const Tensor& tensor) {
  // A float is no index; converting a huge one would be undefined.
  if (nn::general::includes(nn::general::Kinds::real, tensor.dtype)) return {};
  return constant_values<i64>(tensor);
}

}  // namespace pipit::model
