;; Nests of loops, of which a version runs that cannot trap when all they reach lies inside, and where rounds of an outer
;; loop may become one. Parameter 0 is where a trap may be, parameter 1 how often something goes round.
(module
  (memory (export "memory") 1 1)
  (func (export "seen") (result i32) (i32.load (i32.const 1024)))
  (func $fill (export "fill") (param i32 i32)
    (local $i i32)
    (loop $again
      (f32.store (i32.add (i32.const 1024) (local.get $i))
        (f32.convert_i32_u (i32.rem_u (i32.mul (local.get $i) (i32.const 13)) (i32.const 31))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 16384)))))
  ;; c[j] += a[p] * b[p][j], each sum in order of p.
  (func (export "product") (param i32 i32)
    (local $p i32) (local $j i32)
    (loop $rows
      (local.set $j (i32.const 0))
      (loop $columns
        (f32.store offset=1024 (i32.shl (local.get $j) (i32.const 2))
          (f32.add (f32.load offset=1024 (i32.shl (local.get $j) (i32.const 2)))
            (f32.mul (f32.load offset=2048 (i32.shl (local.get $p) (i32.const 2)))
              (f32.load offset=4096
                (i32.add (i32.shl (local.get $p) (i32.const 7)) (i32.shl (local.get $j) (i32.const 2)))))))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 32))))
      (br_if $rows (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 1))) (i32.const 24)))))
  ;; The same with rows of b that are the c of the round before: no two rounds can be one.
  (func (export "recurrence") (param i32 i32)
    (local $p i32) (local $j i32)
    (loop $rows
      (local.set $j (i32.const 0))
      (loop $columns
        (f32.store offset=4224 (i32.add (i32.shl (local.get $p) (i32.const 7)) (i32.shl (local.get $j) (i32.const 2)))
          (f32.add (f32.load offset=1024 (i32.shl (local.get $j) (i32.const 2)))
            (f32.load offset=4092
              (i32.add (i32.shl (local.get $p) (i32.const 7)) (i32.shl (local.get $j) (i32.const 2))))))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 32))))
      (br_if $rows (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 1))) (i32.const 24)))))
  ;; Somewhere in the nest it may leave memory, and what was stored until then is seen.
  (func (export "rows") (param i32 i32)
    (local $p i32) (local $j i32)
    (loop $rows
      (local.set $j (i32.const 0))
      (loop $columns
        (i32.store (i32.add (local.get 0) (i32.add (i32.shl (local.get $p) (i32.const 6)) (i32.shl (local.get $j) (i32.const 2))))
          (i32.add (local.get $p) (local.get $j)))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 40))))
      (br_if $rows (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 1))) (local.get 1)))))
  (func (export "triangle") (param i32 i32)
    (local $p i32) (local $j i32)
    (loop $rows
      (local.set $j (i32.const 0))
      (loop $columns
        (i32.store (i32.add (local.get 0) (i32.add (i32.shl (local.get $p) (i32.const 5)) (i32.shl (local.get $j) (i32.const 2))))
          (i32.add (i32.load offset=1024 (i32.shl (local.get $j) (i32.const 2))) (local.get $p)))
        (br_if $columns (i32.le_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get $p))))
      (br_if $rows (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 1))) (local.get 1)))))
  ;; Down to 0 and below, which is far above.
  (func (export "downwards") (param i32 i32)
    (local $p i32) (local $j i32)
    (loop $rows
      (local.set $j (i32.const 44))
      (loop $columns
        (i32.store16 (i32.sub (local.get 0) (i32.add (i32.shl (local.get $p) (i32.const 5)) (i32.shl (local.get $j) (i32.const 1))))
          (i32.add (local.get $p) (local.get $j)))
        (br_if $columns (local.tee $j (i32.sub (local.get $j) (i32.const 1)))))
      (br_if $rows (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 1))) (local.get 1)))))
  ;; A sum for each row, of which several can grow at once.
  (func (export "sums") (param i32 i32)
    (local $p i32) (local $j i32) (local $sum f64)
    (loop $rows
      (local.set $j (i32.const 0))
      (local.set $sum (f64.const 0))
      (loop $columns
        (local.set $sum (f64.add (local.get $sum)
          (f64.mul (f64.convert_i32_u (i32.load offset=2048 (i32.shl (local.get $j) (i32.const 2))))
            (f64.convert_i32_u (i32.load (i32.add (local.get 0)
              (i32.add (i32.shl (local.get $p) (i32.const 7)) (i32.shl (local.get $j) (i32.const 2)))))))))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 72))))
      (f64.store offset=512 (i32.shl (local.get $p) (i32.const 3)) (local.get $sum))
      (br_if $rows (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 1))) (local.get 1)))))
  ;; Counters of 32 bits that are addresses without a scale.
  (func (export "strides") (param i32 i32)
    (local $p i32) (local $j i32)
    (local.set $p (local.get 0))
    (local.set $j (local.get 1))
    (loop $again
      (f64.store offset=8 (local.get $p) (f64.add (f64.load (local.get $p)) (f64.const 1)))
      (local.set $p (i32.add (local.get $p) (i32.const 24)))
      (br_if $again (local.tee $j (i32.sub (local.get $j) (i32.const 1))))))
  ;; A check of the program's own, of 64 bits, that comes round.
  (func (export "round_above") (param i32 i32)
    (local $wide i64) (local $j i32)
    (local.set $wide (i64.extend_i32_s (local.get 0)))
    (loop $again
      (if (i64.gt_u (local.get $wide) (i64.const 70000)) (then unreachable))
      (i32.store (i32.shl (local.get $j) (i32.const 2)) (local.get $j))
      (local.set $wide (i64.add (local.get $wide) (i64.const 1)))
      (br_if $again (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get 1)))))
  (func (export "round_below") (param i32 i32)
    (local $wide i64) (local $j i32)
    (local.set $wide (i64.extend_i32_s (i32.sub (local.get 0) (i32.const 100))))
    (loop $again
      (if (i64.gt_u (local.get $wide) (i64.const 70000)) (then unreachable))
      (i32.store (i32.shl (local.get $j) (i32.const 2)) (local.get $j))
      (local.set $wide (i64.sub (local.get $wide) (i64.const 1)))
      (br_if $again (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get 1)))))
  ;; Counters that come up to 0 from below, as C compilers make them.
  (func (export "up_to_zero") (param i32 i32)
    (local $from i32) (local $to i32) (local $p i32) (local $j i32) (local $at i32)
    (local.set $from (i32.const 4096))
    (local.set $to (i32.const 32768))
    (loop $rows
      (local.set $j (i32.const -1424))
      (loop $columns
        (f64.store (i32.add (i32.add (local.get $to) (local.get $j)) (i32.const 1424))
          (f64.add
            (f64.load (i32.add (local.tee $at (i32.add (local.get $from) (local.get $j))) (i32.const 1432)))
            (f64.load (i32.add (local.get $at) (i32.const 1416)))))
        (br_if $columns (local.tee $j (i32.add (local.get $j) (i32.const 8)))))
      (local.set $from (i32.add (local.get $from) (i32.const 512)))
      (local.set $to (i32.add (local.get $to) (i32.const 512)))
      (br_if $rows (i32.ne (local.tee $p (i32.add (local.get $p) (i32.const 1))) (i32.const 30))))))
