;; Stores around what may trap. Who looks at memory or globals after the trap must find all of what came before
;; it and nothing of what would have followed. Parameter 0 is where the trap may be.
(module
  (memory (export "memory") 1 1)
  (global $g (export "global") (mut i32) (i32.const 0))
  (func (export "seen") (result i32) (global.get $g))
  ;; The first store is overwritten, but not yet when the second traps.
  (func (export "overwritten") (param i32 i32)
    (i32.store (i32.const 16) (local.get 1))
    (i64.store (local.get 0) (i64.const 1))
    (i32.store (i32.const 16) (i32.const 77)))
  (func (export "overwritten_global") (param i32 i32)
    (global.set $g (local.get 1))
    (i32.store16 (local.get 0) (i32.const 1))
    (global.set $g (i32.const 77)))
  ;; What a loop rewrites could wait in a register until its end.
  (func (export "global_before_load") (param i32 i32)
    (local $i i32) (local $sum i32)
    (loop $again
      (global.set $g (local.get $i))
      (local.set $sum (i32.xor (local.get $sum) (i32.load (i32.add (local.get 0) (i32.shl (local.get $i) (i32.const 6))))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get 1))))
    (i32.store (i32.const 8) (local.get $sum)))
  (func (export "cell_before_store") (param i32 i32)
    (local $i i32)
    (loop $again
      (i32.store (i32.const 24) (i32.add (i32.load (i32.const 24)) (local.get $i)))
      (f64.store (i32.add (local.get 0) (i32.shl (local.get $i) (i32.const 6))) (f64.const 2.5))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 1)))))
  (func (export "set_global") (param i32 i32) (global.set $g (local.get 1)))
  ;; A load that is the same each time could move before the loop and what its first round stores.
  (func (export "store_before_load") (param i32 i32)
    (local $i i32) (local $sum i32)
    (loop $again
      (global.set $g (i32.add (local.get $i) (local.get 1)))
      (i32.store (i32.const 32) (local.get $i))
      (local.set $sum (i32.add (local.get $sum) (i32.load (local.get 0))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 1))))
    (global.set $g (local.get $sum)))
  ;; A load that only the first round needs could be made before the loop.
  (func (export "store_before_first_load") (param i32 i32)
    (block $out
      (loop $again
        (br_if $out (i32.eqz (global.get $g)))
        (global.set $g (i32.sub (global.get $g) (i32.const 1)))
        (br_if $out (i32.load8_u (local.get 0)))
        (f32.store (i32.const 44) (f32.const 0))
        (br_if $out (i32.load (i32.const 72)))
        (br $again))))
  (func (export "load_then_store") (param i32 i32)
    (local $x i32)
    (local.set $x (i32.load (local.get 0)))
    (i32.store (i32.const 36) (local.get 1))
    (i32.store (i32.const 40) (local.get $x)))
  (func (export "store_then_load") (param i32 i32)
    (i64.store offset=48 (local.get 1) (i64.extend_i32_u (local.get 1)))
    (i64.store (i32.const 64) (i64.load (local.get 0)))
    (i32.store (i32.const 68) (local.get 0)))
  ;; Neighbours could become one store, of which all or nothing happens.
  (func (export "neighbours") (param i32 i32)
    (i32.store (local.get 0) (local.get 1))
    (i32.store offset=4 (local.get 0) (i32.const 2))
    (i32.store offset=8 (local.get 0) (i32.const 3))
    (i32.store offset=12 (local.get 0) (i32.const 4)))
  (func (export "neighbours_sum") (param i32 i32)
    (f32.store (local.get 0) (f32.add (f32.load offset=256 (local.get 1)) (f32.load offset=512 (local.get 1))))
    (f32.store offset=4 (local.get 0) (f32.add (f32.load offset=260 (local.get 1)) (f32.load offset=516 (local.get 1))))
    (f32.store offset=8 (local.get 0) (f32.add (f32.load offset=264 (local.get 1)) (f32.load offset=520 (local.get 1))))
    (f32.store offset=12 (local.get 0) (f32.add (f32.load offset=268 (local.get 1)) (f32.load offset=524 (local.get 1)))))
  ;; Which of two loads traps is told even where LLVM adds up in another order.
  (func (export "sum_of_words") (param i32 i32)
    (local $i i32)
    (local.set $i (i32.const 1))
    (loop $again
      (i32.store8 offset=8192 (i32.shl (local.get $i) (i32.const 2))
        (i32.add (local.get $i)
          (i32.add (i32.load offset=3072 (local.get $i)) (i32.load offset=64 (i32.add (local.get 0) (i32.shl (local.get $i) (i32.const 1)))))))
      (br_if $again (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 6)))))
  ;; Loops that can be vectorised, with the trap after some rounds.
  (func (export "fill_up") (param i32 i32)
    (local $i i32)
    (loop $again
      (i32.store (i32.add (local.get 0) (i32.shl (local.get $i) (i32.const 2))) (i32.mul (local.get $i) (i32.const 3)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 1)))))
  (func (export "copy_from") (param i32 i32)
    (local $i i32)
    (loop $again
      (i32.store (i32.add (i32.const 1024) (i32.shl (local.get $i) (i32.const 2)))
        (i32.add (local.get 1) (i32.load (i32.add (local.get 0) (i32.shl (local.get $i) (i32.const 2))))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 1)))))
  (func (export "copy_bytes_down") (param i32 i32)
    (local $i i32)
    (local.set $i (local.get 1))
    (loop $again
      (i32.store8 (i32.add (i32.const 2048) (local.get $i)) (i32.load8_u (i32.sub (local.get 0) (local.get $i))))
      (br_if $again (local.tee $i (i32.sub (local.get $i) (i32.const 1))))))
  (func (export "two_of_them") (param i32 i32)
    (local $i i32)
    (loop $again
      (f32.store (i32.add (i32.const 4096) (i32.shl (local.get $i) (i32.const 2))) (f32.convert_i32_u (local.get $i)))
      (f32.store (i32.add (local.get 0) (i32.shl (local.get $i) (i32.const 2))) (f32.const 1.5))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 1))))))
