#pragma once
#include "compiler/aot/module_lowering.h"
#include "wasm/opcode.h"

/// The regular part of SIMD as data: which operation on which lanes an instruction is.
namespace pipit::aot {

enum class Lanes : u8 { i8, i16, i32, i64, f32, f64 };

/// What an instruction does to its lanes. `low`, `high`: those halves of the operands, of half as wide lanes.
enum class Vector : u8 {
  none,
  splat,
  extract_s,
  extract_u,
  replace,
  eq,
  ne,
  lt_s,
  lt_u,
  gt_s,
  gt_u,
  le_s,
  le_u,
  ge_s,
  ge_u,
  feq,
  fne,
  flt,
  fgt,
  fle,
  fge,
  neg,
  abs,
  popcnt,
  all_true,
  bitmask,
  shl,
  shr_s,
  shr_u,
  add,
  sub,
  mul,
  add_sat_s,
  add_sat_u,
  sub_sat_s,
  sub_sat_u,
  min_s,
  min_u,
  max_s,
  max_u,
  avgr_u,
  narrow_s,
  narrow_u,
  extend_low_s,
  extend_high_s,
  extend_low_u,
  extend_high_u,
  extmul_low_s,
  extmul_high_s,
  extmul_low_u,
  extmul_high_u,
  extadd_s,
  extadd_u,
  fabs,
  fneg,
  sqrt,
  ceil,
  floor,
  trunc,
  nearest,
  fadd,
  fsub,
  fmul,
  fdiv,
  fmin,
  fmax,
  pmin,
  pmax,
  madd,
  nmadd,
  laneselect,
};

struct VectorRow {
  Vector what = Vector::none;
  Lanes lanes = Lanes::i8;
};

/// LLVM's vector of 128 bits with those lanes.
llvm::FixedVectorType* vector_type(Builder& builder, Lanes lanes);

/// Vector::none for instructions that are not regular.
VectorRow vector_row(u16 op);

}  // namespace pipit::aot
