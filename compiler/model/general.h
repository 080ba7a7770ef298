#pragma once
#include <initializer_list>
#include <span>
#include <vector>

#include "compiler/model/graph.h"
#include "nn/general/general.h"
#include "nn/general/kinds.h"

/// General nodes: how the graph speaks of nn/general.
namespace pipit::model {

using nn::general::FunctionId;
using Unary = nn::general::Unary;
using Binary = nn::general::Binary;
using Reduce = nn::general::Reduce;

/// Attributes of a function; numbers beyond the lists are 0.
GeneralAttributes general(FunctionId function, const std::vector<i64>& ints = {},
                          const std::vector<f32>& reals = {});
GeneralAttributes general(Unary kind, f32 p = 0, f32 q = 0);
GeneralAttributes general(Binary kind);
GeneralAttributes general(nn::general::Audio step, const std::vector<i64>& ints = {});
/// A reshape.
GeneralAttributes reshape_to(const Shape& shape);

/// "binary add", for dumps and messages.
std::string function_name(const GeneralAttributes& attributes);

/// Multiply-accumulates of the functions that are sums of products.
u64 general_macs(const GeneralAttributes& attributes, std::span<const nn::general::Type> inputs,
                 const nn::general::Type& output);
u64 general_macs(const Graph& graph, const Node& node);

/// Element type and shape of the output of a general node; malformed with the engine's words.
support::Status infer_general(Graph& graph, NodeId node);

/// The value of a general node of constants; empty for functions too costly to compute while compiling.
support::Result<std::vector<u8>> evaluate_general(const Graph& graph, const Node& node);

}  // namespace pipit::model
