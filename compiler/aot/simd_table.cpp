#include <array>

#include "compiler/aot/lower_simd.h"

namespace pipit::aot {

using wasm::Op;

namespace {

using Table = std::array<VectorRow, wasm::kSimdCount>;

constexpr Table make_table() {
  Table table{};
  const auto set = [&](Op op, Vector what, Lanes lanes) {
    table[static_cast<u32>(op) - wasm::kFirstSimd] = {what, lanes};
  };
  // clang-format off: it does not settle on a layout for rows without semicolons.
#define ROW(shape, name, lanes) set(Op::shape##_##name, Vector::name, Lanes::lanes);
#define AS(shape, name, what, lanes) set(Op::shape##_##name, Vector::what, Lanes::lanes);
#define EVERY_INTEGER(s, l) \
  ROW(s, splat, l) AS(s, replace_lane, replace, l) ROW(s, eq, l) ROW(s, ne, l) ROW(s, lt_s, l) \
  ROW(s, gt_s, l) ROW(s, le_s, l) ROW(s, ge_s, l) ROW(s, neg, l) ROW(s, abs, l) \
  ROW(s, all_true, l) ROW(s, bitmask, l) ROW(s, shl, l) ROW(s, shr_s, l) ROW(s, shr_u, l) \
  ROW(s, add, l) ROW(s, sub, l)
#define NOT_WIDEST(s, l) \
  ROW(s, lt_u, l) ROW(s, gt_u, l) ROW(s, le_u, l) ROW(s, ge_u, l) ROW(s, min_s, l) \
  ROW(s, min_u, l) ROW(s, max_s, l) ROW(s, max_u, l)
#define NARROW(s, l) \
  AS(s, extract_lane_s, extract_s, l) AS(s, extract_lane_u, extract_u, l) ROW(s, add_sat_s, l) \
  ROW(s, add_sat_u, l) ROW(s, sub_sat_s, l) ROW(s, sub_sat_u, l) ROW(s, avgr_u, l)
#define WIDENING(s, from, l) \
  AS(s, extend_low_##from##_s, extend_low_s, l) AS(s, extend_high_##from##_s, extend_high_s, l) \
  AS(s, extend_low_##from##_u, extend_low_u, l) AS(s, extend_high_##from##_u, extend_high_u, l) \
  AS(s, extmul_low_##from##_s, extmul_low_s, l) AS(s, extmul_high_##from##_s, extmul_high_s, l) \
  AS(s, extmul_low_##from##_u, extmul_low_u, l) AS(s, extmul_high_##from##_u, extmul_high_u, l)
#define FLOAT(s, l) \
  ROW(s, splat, l) AS(s, extract_lane, extract_u, l) AS(s, replace_lane, replace, l) \
  AS(s, eq, feq, l) AS(s, ne, fne, l) AS(s, lt, flt, l) AS(s, gt, fgt, l) AS(s, le, fle, l) \
  AS(s, ge, fge, l) AS(s, abs, fabs, l) AS(s, neg, fneg, l) ROW(s, sqrt, l) ROW(s, ceil, l) \
  ROW(s, floor, l) ROW(s, trunc, l) ROW(s, nearest, l) AS(s, add, fadd, l) AS(s, sub, fsub, l) \
  AS(s, mul, fmul, l) AS(s, div, fdiv, l) AS(s, min, fmin, l) AS(s, max, fmax, l) \
  ROW(s, pmin, l) ROW(s, pmax, l) AS(s, relaxed_madd, madd, l) AS(s, relaxed_nmadd, nmadd, l) \
  AS(s, relaxed_min, fmin, l) AS(s, relaxed_max, fmax, l)
  EVERY_INTEGER(i8x16, i8) NOT_WIDEST(i8x16, i8) NARROW(i8x16, i8)
  EVERY_INTEGER(i16x8, i16) NOT_WIDEST(i16x8, i16) NARROW(i16x8, i16) WIDENING(i16x8, i8x16, i16)
  EVERY_INTEGER(i32x4, i32) NOT_WIDEST(i32x4, i32) WIDENING(i32x4, i16x8, i32)
  EVERY_INTEGER(i64x2, i64) WIDENING(i64x2, i32x4, i64)
  FLOAT(f32x4, f32) FLOAT(f64x2, f64)
  ROW(i8x16, popcnt, i8) ROW(i16x8, mul, i16) ROW(i32x4, mul, i32) ROW(i64x2, mul, i64)
  AS(i32x4, extract_lane, extract_u, i32) AS(i64x2, extract_lane, extract_u, i64)
  AS(i8x16, narrow_i16x8_s, narrow_s, i8) AS(i8x16, narrow_i16x8_u, narrow_u, i8)
  AS(i16x8, narrow_i32x4_s, narrow_s, i16) AS(i16x8, narrow_i32x4_u, narrow_u, i16)
  AS(i16x8, extadd_pairwise_i8x16_s, extadd_s, i16) AS(i16x8, extadd_pairwise_i8x16_u, extadd_u, i16)
  AS(i32x4, extadd_pairwise_i16x8_s, extadd_s, i32) AS(i32x4, extadd_pairwise_i16x8_u, extadd_u, i32)
  AS(i8x16, relaxed_laneselect, laneselect, i8) AS(i16x8, relaxed_laneselect, laneselect, i16)
  AS(i32x4, relaxed_laneselect, laneselect, i32) AS(i64x2, relaxed_laneselect, laneselect, i64)
  set(Op::v128_bitselect, Vector::laneselect, Lanes::i64);
  // clang-format on
  return table;
}

constexpr Table kTable = make_table();

}  // namespace

VectorRow vector_row(u16 op) { return kTable[op - wasm::kFirstSimd]; }

}  // namespace pipit::aot
