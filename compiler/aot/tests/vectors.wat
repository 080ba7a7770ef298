;; Loops over vectors, of which several rounds may become one over wider vectors. Parameter 0 is where a trap may be,
;; parameter 1 how often a loop goes round.
(module
  (memory (export "memory") 1 1)
  (func (export "seen") (result i32) (i32.load (i32.const 512)))
  (func (export "fill") (param i32 i32)
    (local $i i32)
    (loop $again
      (i32.store offset=1024 (local.get $i) (i32.mul (i32.add (local.get $i) (i32.const 77)) (i32.const 0x9E3779B1)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 8192)))))
  ;; Every lane is a sum of its own.
  (func (export "sums") (param i32 i32)
    (local $i i32) (local $sum v128)
    (local.set $sum (v128.const i32x4 1 2 3 4))
    (loop $again
      (local.set $sum (i32x4.add (local.get $sum)
        (i32x4.dot_i16x8_s (v128.load offset=1024 (i32.shl (local.get $i) (i32.const 4)))
          (v128.load offset=4096 (i32.shl (local.get $i) (i32.const 4))))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 61))))
    (v128.store offset=512 (i32.const 0) (local.get $sum)))
  ;; Which lane holds what does not matter.
  (func (export "total") (param i32 i32)
    (local $i i32) (local $sum v128)
    (local.set $sum (v128.const i32x4 0x7FFFFFFF 2 3 4))
    (loop $again
      (local.set $sum (i32x4.add (local.get $sum)
        (i32x4.mul (v128.load16x4_s offset=1024 (i32.shl (local.get $i) (i32.const 3)))
          (v128.load16x4_s offset=4096 (i32.shl (local.get $i) (i32.const 3))))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 501))))
    (local.set $sum (i32x4.add (local.get $sum)
      (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 0 1 2 3 (local.get $sum) (local.get $sum))))
    (local.set $sum (i32x4.add (local.get $sum)
      (i8x16.shuffle 4 5 6 7 0 1 2 3 0 1 2 3 0 1 2 3 (local.get $sum) (local.get $sum))))
    (i32.store offset=512 (i32.const 0) (i32x4.extract_lane 0 (local.get $sum))))
  ;; Lanes change places within each vector.
  (func (export "lanes") (param i32 i32)
    (local $i i32)
    (loop $again
      (v128.store offset=8192 (i32.shl (local.get $i) (i32.const 4))
        (i16x8.add_sat_s
          (i8x16.shuffle 0 31 2 29 4 27 6 25 8 23 10 21 12 19 14 17
            (v128.load offset=1024 (i32.shl (local.get $i) (i32.const 4)))
            (v128.load offset=4096 (i32.shl (local.get $i) (i32.const 4))))
          (i16x8.splat (local.get 1))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 61)))))
  ;; The same to where memory ends, and where it lies among what is read.
  (func (export "anywhere") (param i32 i32)
    (local $i i32)
    (loop $again
      (v128.store (i32.add (local.get 0) (i32.shl (local.get $i) (i32.const 4)))
        (i16x8.sub (v128.load offset=64 (i32.shl (local.get $i) (i32.const 4))) (i16x8.splat (local.get 1))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 1)))))
  ;; Each round needs the one before.
  (func (export "chain") (param i32 i32)
    (local $i i32)
    (loop $again
      (v128.store offset=1040 (i32.shl (local.get $i) (i32.const 4))
        (i32x4.add (v128.load offset=1024 (i32.shl (local.get $i) (i32.const 4))) (v128.const i32x4 1 2 3 4)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 1)))))
  ;; Each round overwrites what the one before has read.
  (func (export "shifted") (param i32 i32)
    (local $i i32)
    (loop $again
      (v128.store offset=1024 (i32.shl (local.get $i) (i32.const 4))
        (i32x4.sub (v128.load offset=1032 (i32.shl (local.get $i) (i32.const 4))) (v128.const i32x4 1 2 3 4)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 1)))))
  ;; Sums of floats keep their order.
  (func (export "floats") (param i32 i32)
    (local $i i32) (local $sum v128)
    (loop $again
      (local.set $sum (f32x4.add (local.get $sum)
        (f32x4.convert_i32x4_s (v128.load offset=1024 (i32.shl (local.get $i) (i32.const 4))))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 1))))
    (v128.store offset=512 (i32.const 0) (local.get $sum)))
  ;; Down, and only every second vector of what is stored.
  (func (export "apart") (param i32 i32)
    (local $i i32)
    (local.set $i (local.get 1))
    (loop $again
      (v128.store offset=4096 (i32.shl (local.get $i) (i32.const 5))
        (f32x4.mul (f32x4.convert_i32x4_s (v128.load offset=1024 (i32.shl (local.get $i) (i32.const 4))))
          (f32x4.convert_i32x4_s (v128.load offset=2048 (i32.shl (local.get $i) (i32.const 4))))))
      (br_if $again (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))))
