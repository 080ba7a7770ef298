#include "nn/operator.h"
#include "nn/shapes.h"

/// Operators that map one byte to another: a table of 256, and the change between uint8 and int8.
namespace pipit::nn {
namespace {

using format::Opcode;

const char* verify_lookup(const Node& node) {
  if (!is(node.input(0), DType::i8) || !is(node.output(), DType::i8)) return "lookup is not of int8";
  if (!same_shape(node.input(0), node.output())) return "lookup changes the shape";
  const format::TensorRecord& table = node.input(1);
  if (!is(table, DType::i8) || !is_constant(table) || elements(table) != 256)
    return "lookup table is not 256 constants of int8";
  return nullptr;
}

void run_lookup(const Node& node) {
  const i8* in = node.data<i8>(0);
  const i8* table = node.data<i8>(1) + 128;
  i8* out = node.out<i8>();
  for (u32 i = 0, count = node.output().bytes; i < count; ++i) out[i] = table[in[i]];
}

template <DType from, DType to>
const char* verify_sign_flip(const Node& node) {
  if (!is(node.input(0), from) || !is(node.output(), to)) return "sign_flip is not between uint8 and int8";
  return same_shape(node.input(0), node.output()) ? nullptr : "sign_flip changes the shape";
}

void run_sign_flip(const Node& node) {
  const u8* in = node.data<u8>(0);
  u8* out = node.out<u8>();
  for (u32 i = 0, count = node.output().bytes; i < count; ++i) out[i] = in[i] ^ 0x80;
}

}  // namespace

constinit const Operator kLookupI8 = {Opcode::lookup, DType::i8, verify_lookup, run_lookup};
constinit const Operator kSignFlipU8 = {Opcode::sign_flip, DType::u8, verify_sign_flip<DType::u8, DType::i8>,
                                        run_sign_flip};
constinit const Operator kSignFlipI8 = {Opcode::sign_flip, DType::i8, verify_sign_flip<DType::i8, DType::u8>,
                                        run_sign_flip};

}  // namespace pipit::nn
