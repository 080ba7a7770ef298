// Functions that find elements: by index, by order, by their place.
#include "compiler/model/emit_c/arguments.h"
#include "compiler/model/emit_c/general.h"
#include "nn/general/general.h"

namespace pipit::model::c {

using namespace nn::format;
using nn::elements;
using nn::is;
using nn::Node;
using nn::general::Scatter;
using nn::general::Strides;
using nn::general::Type;
using nn::general::type_of;

namespace {

std::string type_of_input(const Node& node, u32 index) { return type_name(node.input(index).dtype); }

/// A tensor as the bits of its elements.
std::string as_bits(Writer& out, const Node& node, u32 index) {
  return "(const " + bits_name(node.input(index).dtype) + "*)" + out.input(node, index);
}
std::string to_bits(Writer& out, const Node& node) {
  return "(" + bits_name(node.output().dtype) + "*)" + out.output(node);
}
/// The one number of an operand, which may arrive at run time.
std::string single(Writer& out, const Node& node, u32 index) { return "(int64_t)*" + out.input(node, index); }

/// One index an element: the shape of the indices, the steps along the axes but that of the indices, and
/// that axis.
Arguments elements_by_index(Writer& out, const Node& node) {
  const Type x = type_of(node.input(0));
  const u32 axis = static_cast<u32>(how(node).ints[0]);
  const Strides own = nn::general::strides_of(x);
  std::vector<u32> steps(own.of, own.of + x.rank);
  steps[axis] = 0;
  return {integers(out, dims_of(type_of(node.input(1)))), number(x.rank), integers(out, steps),
          number(x.dims[axis]), number(own.of[axis])};
}

/// Tuples of indices behind `batch` axes of both operands.
struct Tuples {
  u32 count, width, run;
  std::vector<u32> dims, steps;
};
Tuples tuples_of(const Node& node, u32 batch) {
  const Type x = type_of(node.input(0)), indices = type_of(node.input(1));
  const u32 width = indices.dims[indices.rank - 1];
  const Strides own = nn::general::strides_of(x);
  Tuples tuples{indices.product(0, indices.rank - 1), width, x.product(batch + width, x.rank), {}, {}};
  for (u32 axis = batch; axis < batch + width; ++axis) {
    tuples.dims.push_back(x.dims[axis]);
    tuples.steps.push_back(own.of[axis]);
  }
  return tuples;
}

/// What becomes of x, which is there, when y comes.
struct Meeting {
  const char* name;
  std::string expression;
};
Meeting meeting_of(const Node& node) {
  using nn::general::Binary;
  const bool logical = is(node.output(), DType::boolean);
  const auto sum = [&](Binary kind, const char* bits) {
    return logical ? std::string(bits) : arithmetic(kind, node.output().dtype);
  };
  switch (static_cast<Scatter>(how(node).ints[1])) {
    case Scatter::add: return {"add", sum(Binary::add, "x || y")};
    case Scatter::multiply: return {"multiply", sum(Binary::multiply, "x && y")};
    case Scatter::minimum: return {"minimum", logical ? "x && y" : "y < x ? y : x"};
    case Scatter::maximum: return {"maximum", logical ? "x || y" : "y > x ? y : x"};
    default: return {"replace", "y"};
  }
}

}  // namespace

bool has_gather(const Node& node) { return elements(node.input(0)) > 0; }
void gather(Writer& out, const Node& node) {
  const Type x = type_of(node.input(0));
  const u32 axis = static_cast<u32>(how(node).ints[0]);
  const std::string type = type_of_input(node, 1), name = "gather_by_" + type;
  out.need({"index_within", "gather"});
  out.declare_once("GATHER(" + name + ", " + type + ")");
  out.call(name, {out.bytes_of(out.input(node, 0)), number(x.product(0, axis)), number(x.dims[axis]),
                  number(x.product(axis + 1, x.rank) * dtype_bytes(x.dtype)), out.input(node, 1),
                  number(elements(node.input(1))), "(uint8_t*)" + out.output(node)});
}

void gather_elements(Writer& out, const Node& node) {
  const std::string type = bits_name(node.input(0).dtype), index = type_of_input(node, 1),
                    name = "elements_of_" + type + "_by_" + index;
  out.need({"index_within", "strided", "gather_by"});
  out.declare_once("GATHER_ELEMENTS(" + name + ", " + type + ", " + index + ")");
  out.call(name, Arguments{as_bits(out, node, 0), out.input(node, 1)} + elements_by_index(out, node) +
                     Arguments{to_bits(out, node)});
}

void gather_tuples(Writer& out, const Node& node) {
  const Type x = type_of(node.input(0));
  const u32 batch = static_cast<u32>(how(node).ints[0]), bytes = dtype_bytes(x.dtype);
  Tuples tuples = tuples_of(node, batch);
  for (u32& step : tuples.steps) step *= bytes;
  const u32 batches = x.product(0, batch);
  const std::string index = type_of_input(node, 1), name = "tuples_of_" + index;
  out.need({"index_within", "gather_by"});
  out.declare_once("GATHER_TUPLES(" + name + ", " + index + ")");
  out.call(name, {out.bytes_of(out.input(node, 0)), out.input(node, 1), number(tuples.count),
                  number(tuples.count / batches), number(x.product(batch, x.rank) * bytes),
                  number(tuples.width), integers(out, tuples.dims), integers(out, tuples.steps),
                  number(tuples.run * bytes), "(uint8_t*)" + out.output(node)});
}

bool has_scatter(const Node& node) { return !is_half(node.output().dtype); }
void scatter_elements(Writer& out, const Node& node) {
  reshape(out, node);
  if (elements(node.input(1)) == 0) return;
  const std::string type = type_of_input(node, 0), index = type_of_input(node, 1);
  const Meeting how_to = meeting_of(node);
  const std::string name = std::string("scatter_") + how_to.name + "_" + type + "_by_" + index;
  out.need({"index_within", "strided", "scatter"});
  out.declare_once("SCATTER_ELEMENTS(" + name + ", " + type + ", " + index + ", " + how_to.expression + ")");
  out.call(name, Arguments{out.input(node, 1), out.input(node, 2)} + elements_by_index(out, node) +
                     Arguments{out.output(node)});
}

void scatter_tuples(Writer& out, const Node& node) {
  reshape(out, node);
  const Tuples tuples = tuples_of(node, 0);
  if (tuples.count == 0) return;
  const std::string type = type_of_input(node, 0), index = type_of_input(node, 1);
  const Meeting how_to = meeting_of(node);
  const std::string name = std::string("tuples_") + how_to.name + "_" + type + "_by_" + index;
  out.need({"index_within", "scatter"});
  out.declare_once("SCATTER_TUPLES(" + name + ", " + type + ", " + index + ", " + how_to.expression + ")");
  out.call(name,
           {out.input(node, 1), out.input(node, 2), number(tuples.count), number(tuples.width),
            integers(out, tuples.dims), integers(out, tuples.steps), number(tuples.run), out.output(node)});
}

bool has_order(const Node& node) { return !is_half(node.input(0).dtype); }
void arg_reduce(Writer& out, const Node& node) {
  const Type x = type_of(node.input(0));
  const i32* ints = how(node).ints;
  const u32 axis = static_cast<u32>(ints[1]);
  const bool largest = ints[0] != 0, last = ints[3] != 0;
  const std::string type = type_of_input(node, 0), name = std::string(last ? "last_" : "first_") +
                                                          (largest ? "largest" : "smallest") + "_of_" + type;
  out.need({"arg_reduce"});
  out.declare_once("ARG_REDUCE(" + name + ", " + type + ", x " + (largest ? ">" : "<") +
                   (last ? "= y)" : " y)"));
  out.call(name, {out.input(node, 0), number(elements(node.output())), number(x.product(axis + 1, x.rank)),
                  number(x.dims[axis]), out.output(node)});
}

void top_k(Writer& out, const Node& node) {
  const Type x = type_of(node.input(0));
  const u32 axis = static_cast<u32>(how(node).ints[0]);
  const bool largest = how(node).ints[2] != 0;
  const std::string type = type_of_input(node, 0),
                    name = std::string(largest ? "largest" : "smallest") + "_k_of_" + type;
  out.need({"top_k"});
  out.declare_once("TOP_K(" + name + ", " + type + ", x " + (largest ? ">" : "<") + " y)");
  out.call(name, {out.input(node, 0), number(x.product(0, axis)), number(x.dims[axis]),
                  number(x.product(axis + 1, x.rank)), number(node.output().dims[axis]), out.output(node)});
}

void cumulative_sum(Writer& out, const Node& node) {
  const Type x = type_of(node.input(0));
  const std::string type = type_of_input(node, 0), name = "cumulative_sum_of_" + type;
  out.need({"cumulative_sum"});
  out.declare_once("CUMULATIVE_SUM(" + name + ", " + type + ", " +
                   (is_real(node.input(0)) ? "double" : "uint64_t") + ")");
  out.call(name, {out.input(node, 0), single(out, node, 1), integers(out, dims_of(x)), number(x.rank),
                  number(how(node).ints[0] != 0), number(how(node).ints[1] != 0), out.output(node)});
}

void trilu(Writer& out, const Node& node) {
  const Type x = type_of(node.input(0));
  const std::string type = bits_name(node.input(0).dtype), name = "trilu_" + type;
  out.need({"matrix"});
  out.declare_once("TRILU(" + name + ", " + type + ")");
  out.call(name, {as_bits(out, node, 0), number(x.count()), number(x.dims[x.rank - 2]),
                  number(x.dims[x.rank - 1]), number(how(node).ints[0] != 0),
                  node.input_count() > 1 ? single(out, node, 1) : "0", to_bits(out, node)});
}

bool has_eye(const Node& node) { return !is_half(node.output().dtype); }
void eye(Writer& out, const Node& node) {
  const std::string type = type_name(node.output().dtype), name = "eye_" + type;
  out.need({"matrix"});
  out.declare_once("EYE(" + name + ", " + type + ")");
  out.call(name, {number(elements(node.output())), number(node.output().dims[1]), literal(how(node).ints[1]),
                  out.output(node)});
}

void one_hot(Writer& out, const Node& node) {
  const Type made = type_of(node.output());
  const u32 axis = static_cast<u32>(how(node).ints[0]);
  const std::string type = bits_name(node.output().dtype), index = type_of_input(node, 0),
                    name = "one_hot_" + type + "_by_" + index;
  out.need({"matrix"});
  out.declare_once("ONE_HOT(" + name + ", " + type + ", " + index + ", " +
                   (is_real(node.input(0)) ? "x > -9e18 && x < 9e18 ? (int64_t)x : 0" : "(int64_t)x") + ")");
  out.call(name, {out.input(node, 0), as_bits(out, node, 1), number(made.count()),
                  number(made.product(axis + 1, made.rank)), number(made.dims[axis]), to_bits(out, node)});
}

void range(Writer& out, const Node& node) {
  const std::string type = type_name(node.output().dtype), name = "range_of_" + type;
  out.need({"matrix"});
  out.declare_once(
      "RANGE(" + name + ", " + type + ", " +
      (is_real(node.output()) ? "x + (" + type + ")i * y" : "(uint64_t)x + (uint64_t)i * (uint64_t)y") + ")");
  out.call(name, {out.input(node, 0), out.input(node, 1), number(elements(node.output())), out.output(node)});
}

void reverse_sequence(Writer& out, const Node& node) {
  const Type x = type_of(node.input(0));
  const Strides own = nn::general::strides_of(x);
  const u32 time = static_cast<u32>(how(node).ints[0]), batch = static_cast<u32>(how(node).ints[1]);
  const std::string type = bits_name(node.input(0).dtype), lengths = type_of_input(node, 1),
                    name = "reverse_" + type + "_by_" + lengths;
  out.need({"reverse_sequence"});
  out.declare_once("REVERSE_SEQUENCE(" + name + ", " + type + ", " + lengths + ")");
  out.call(name, {as_bits(out, node, 0), out.input(node, 1), number(x.count()), number(x.dims[time]),
                  number(own.of[time]), number(x.dims[batch]), number(own.of[batch]), to_bits(out, node)});
}

bool has_unpool(const Node& node) { return elements(node.input(0)) > 0; }
void unpool(Writer& out, const Node& node) {
  const std::string type = bits_name(node.input(0).dtype), name = "unpool_" + type;
  out.need({"windows", "pool"});
  out.declare_once("UNPOOL(" + name + ", " + type + ")");
  out.call(name, {as_bits(out, node, 0), out.input(node, 1), number(elements(node.input(0))),
                  number(elements(node.output())), to_bits(out, node)});
}

}  // namespace pipit::model::c
