;; Where a v128 takes two slots, and tail calls.
(module
  (import "test" "wait" (func $wait (param i64) (result i64)))
  (type $step (func (param i64 i64) (result i64)))
  (memory (export "memory") 1)
  (table funcref (elem $sum $wait_tail))
  (global $vector (mut v128) (v128.const i64x2 1 2))
  (global $after (mut i32) (i32.const 7))

  ;; Locals of both widths in one frame, declared in an order that puts them at odd places.
  (func (export "mixed") (param $n i32) (param $v v128) (param $x i64) (result v128 i64)
    (local $i i32) (local $w v128) (local $j i32) (local $u v128)
    (local.set $w (i64x2.splat (local.get $x)))
    (loop $again
      (local.set $u (i64x2.add (local.get $v) (local.get $w)))
      (local.set $v (local.tee $w (i64x2.sub (local.get $u) (v128.const i64x2 1 1))))
      (local.set $j (i32.add (local.get $j) (i32.const 3)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $v)
    (i64.add (local.get $x) (i64.extend_i32_u (local.get $j))))

  ;; Branches that carry and drop operands of both widths; untyped select and drop.
  (func (export "carry") (param $pick i32) (result i64)
    (local $out v128)
    (block $exit (result v128)
      (i32.const 1) (v128.const i64x2 10 20) (i64.const 2)
      (block $inner (result v128)
        (v128.const i64x2 3 4) (i32.const 9)
        (br_if $exit (v128.const i64x2 100 200) (i32.eqz (local.get $pick)))
        (drop) (drop) (drop)
        (select (v128.const i64x2 5 6) (v128.const i64x2 7 8) (i32.eq (local.get $pick) (i32.const 1)))
        (br $inner))
      (local.set $out)
      (drop) (drop) (drop)
      (local.get $out))
    (local.set $out)
    (i64.add (i64x2.extract_lane 0 (local.get $out)) (i64x2.extract_lane 1 (local.get $out))))

  (func (export "global") (param v128) (result i64)
    (global.set $vector (i64x2.add (global.get $vector) (local.get 0)))
    (global.set $after (i32.add (global.get $after) (i32.const 1)))
    (i64.add (i64.add (i64x2.extract_lane 0 (global.get $vector)) (i64x2.extract_lane 1 (global.get $vector)))
             (i64.extend_i32_u (global.get $after))))

  (func $pair (param v128 i32 v128) (result i32 v128)
    (local.get 1) (i32x4.add (local.get 0) (local.get 2)))
  (func (export "calls") (result i32)
    (local v128)
    (call $pair (v128.const i32x4 1 2 3 4) (i32.const 40) (v128.const i32x4 10 20 30 40))
    (local.set 0)
    (i32.add (i32x4.extract_lane 3 (local.get 0))))

  ;; 1 + 2 + … + n without a frame each; the last step leaves by way of the host.
  (func $sum (export "sum") (type $step) (param $n i64) (param $total i64) (result i64)
    (if (i64.eqz (local.get $n)) (then (return (local.get $total))))
    (return_call $sum (i64.sub (local.get $n) (i64.const 1)) (i64.add (local.get $total) (local.get $n))))
  (func (export "sum_indirect") (type $step)
    (return_call_indirect (type $step) (local.get 0) (local.get 1) (i32.const 0)))
  (func $wait_tail (export "wait_tail") (param i64) (result i64)
    (return_call $wait (local.get 0)))
  (func (export "wait_below") (param i64) (result i64)
    (i64.add (call $wait_tail (local.get 0)) (i64.const 1)))
  (func (export "mistyped") (type $step)
    (return_call_indirect (type $step) (local.get 0) (local.get 1) (i32.const 1)))

  ;; A callee whose frame is much larger than its caller's.
  (func $large (param i64) (result i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 v128 v128 v128 v128 v128 v128 v128 v128)
    (i64.add (local.get 0) (local.get 16)))
  (func (export "large") (param i64) (result i64) (return_call $large (local.get 0)))
  (func (export "out_of_bounds") (param i32) (result i32)
    (i8x16.extract_lane_u 15 (v128.load offset=4 (local.get 0))))

  ;; Addresses that accesses compute themselves: a sum that wraps, two variables; and instructions that come in pairs.
  (data (i32.const 0) "\01\08\0f\16\1d\24\2b\32\39\40\47\4e\55\5c\63\6a\71\78\7f\86\8d\94\9b\a2\a9\b0\b7\be\c5\cc\d3\da\e1\e8\ef\f6\fd\04\0b\12\19\20\27\2e\35\3c\43\4a\51\58\5f\66\6d\74\7b\82\89\90\97\9e\a5\ac\b3\ba\c1\c8\cf\d6\dd\e4\eb\f2\f9\00\07\0e\15\1c\23\2a")
  (func (export "addressed") (param $at i32) (param $by i32) (result i64)
    (local $v v128)
    (v128.store (i32.add (local.get $at) (i32.const 128))
      (i32x4.add
        (i32x4.mul (v128.load (i32.add (local.get $at) (i32.const 16))) (v128.const i32x4 3 5 7 9))
        (v128.load (i32.add (local.get $at) (local.get $by)))))
    (local.set $v
      (v128.load64_lane 1 (i32.add (local.get $at) (i32.const 16))
        (v128.load32_zero (i32.add (local.get $at) (local.get $by)))))
    (local.set $v (i64x2.add (local.get $v) (v128.load (i32.add (local.get $at) (i32.const 128)))))
    (local.set $v (i32x4.replace_lane 3 (local.get $v) (i32.const 5)))
    (local.set $v (i8x16.shuffle 0 17 2 19 4 21 6 23 24 9 26 11 28 13 30 15 (local.get $v) (v128.load (local.get $by))))
    (i64.xor (i64x2.extract_lane 0 (local.get $v)) (i64x2.extract_lane 1 (local.get $v)))))
