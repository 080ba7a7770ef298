#pragma once

namespace pipit::differential {

/// Memory filled with what floats and integers can be read from, and all of it as one number, in which every
/// NaN counts as the same.
inline constexpr const char* kFrame = R"((module
  (memory (export "memory") 1 4) (global $g (mut i32) (i32.const 5))
  (type $unary (func (param i32) (result i32)))
  (table 4 funcref) (elem (i32.const 0) $twice $writes)
  (func $twice (type $unary) (i32.shl (local.get 0) (i32.const 1)))
  (func $writes (type $unary) (i32.store8 offset=77 (i32.and (local.get 0) (i32.const 0xFFF)) (i32.const 0)) (i32.const 3))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func $size (result i32) (i32.shl (memory.size) (i32.const 16)))
  (func (export "fill_int") (local $i i32) (local $x i64)
    (loop $l
      (i64.store (local.get $i) (local.tee $x (i64.add (i64.mul (local.get $x) (i64.const 6364136223846793005)) (i64.const 1442695040888963407))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (call $size)))))
  (func (export "fill_f32") (local $i i32)
    (loop $l
      (f32.store (local.get $i) (f32.mul (f32.const 0.125) (f32.convert_i32_s (i32.sub (i32.rem_u (i32.mul (local.get $i) (i32.const 7)) (i32.const 61)) (i32.const 30)))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (call $size)))))
  (func (export "fill_f64") (local $i i32)
    (loop $l
      (f64.store (local.get $i) (f64.div (f64.convert_i32_s (i32.sub (i32.rem_u (local.get $i) (i32.const 61)) (i32.const 30))) (f64.const 7)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (call $size)))))
  (func (export "seen_int") (result i64 i32) (local $i i32) (local $x i64)
    (loop $l
      (local.set $x (i64.add (i64.mul (local.get $x) (i64.const 31)) (i64.load (local.get $i))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (call $size))))
    (local.get $x) (global.get $g))
  (func (export "seen_f32") (result i64 i32) (local $i i32) (local $x i64) (local $f f32)
    (loop $l
      (local.set $f (f32.load (local.get $i)))
      (local.set $x (i64.add (i64.mul (local.get $x) (i64.const 31))
        (i64.extend_i32_u (select (i32.const 0x7FC00000) (i32.reinterpret_f32 (local.get $f)) (f32.ne (local.get $f) (local.get $f))))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (call $size))))
    (local.get $x) (global.get $g))
  (func (export "seen_f64") (result i64 i32) (local $i i32) (local $x i64) (local $f f64)
    (loop $l
      (local.set $f (f64.load (local.get $i)))
      (local.set $x (i64.add (i64.mul (local.get $x) (i64.const 31))
        (select (i64.const 0x7FF8000000000000) (i64.reinterpret_f64 (local.get $f)) (f64.ne (local.get $f) (local.get $f)))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (call $size))))
    (local.get $x) (global.get $g))
)";

}  // namespace pipit::differential
