;; Arrays at fixed places: some that never meet, some that do.
(module
  (memory (export "memory") 1 1)
  (func (export "seen") (result i32) (i32.load (i32.const 1024)))
  (func (export "fill") (param i32 i32)
    (local $i i32)
    (loop $again
      (i32.store (i32.add (i32.const 1024) (local.get $i)) (i32.mul (local.get $i) (local.get 1)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 8192)))))
  ;; [1024, 2048) = [4096, 5120) * 3 + [6144, 6656)
  (func (export "apart") (param i32 i32)
    (local $i i32)
    (loop $again
      (i32.store offset=1024 (i32.shl (local.get $i) (i32.const 2))
        (i32.add
          (i32.mul (i32.load offset=4096 (i32.shl (local.get $i) (i32.const 2))) (i32.const 3))
          (i32.load16_u offset=6144 (i32.shl (local.get $i) (i32.const 1)))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 256)))))
  ;; Each element is computed from the one before it.
  (func (export "shifted") (param i32 i32)
    (local $i i32)
    (loop $again
      (i32.store offset=1028 (i32.shl (local.get $i) (i32.const 2))
        (i32.add (i32.load offset=1024 (i32.shl (local.get $i) (i32.const 2))) (local.get 1)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 256)))))
  ;; The last element that is stored is the first that is loaded.
  (func (export "touching") (param i32 i32)
    (local $i i32)
    (local.set $i (i32.const 64))
    (loop $again
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (i32.store offset=1024 (i32.shl (local.get $i) (i32.const 2))
        (i32.mul (i32.load offset=1276 (i32.shl (i32.sub (i32.const 63) (local.get $i)) (i32.const 2))) (local.get 1)))
      (br_if $again (local.get $i))))
  ;; Bytes inside of words of the other array.
  (func (export "inside") (param i32 i32)
    (local $i i32)
    (loop $again
      (i32.store8 offset=1500 (local.get $i) (i32.load offset=1200 (i32.shl (local.get $i) (i32.const 2))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 200)))))
  ;; How often it goes round is the caller's business.
  (func (export "unbounded") (param i32 i32)
    (local $i i32)
    (loop $again
      (i32.store offset=1024 (i32.shl (local.get $i) (i32.const 2))
        (i32.add (i32.load offset=1152 (i32.shl (local.get $i) (i32.const 2))) (i32.const 1)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 1))))))
