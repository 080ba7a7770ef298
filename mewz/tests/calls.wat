;; A trap two calls deep, with names. Whom to call and where to load from is read from memory, and the table is anybody's,
;; so that no compiler puts one function into another or knows of the trap.
(module
  (type $step (func (param i32) (result i32)))
  (memory 1)
  (table (export "steps") 2 funcref)
  (elem (i32.const 0) $middle $inner)
  (data (i32.const 16) "\00\00\00\00" "\01\00\00\00" "\f0\ff\ff\ff")
  (func $_start (export "_start")
    (i32.store (i32.const 0)
      (i32.add (i32.const 1) (call_indirect (type $step) (i32.const 1) (i32.load (i32.const 16))))))
  (func $middle (type $step)
    (i32.add (local.get 0) (call_indirect (type $step) (i32.const 2) (i32.load (i32.const 20)))))
  (func $inner (type $step)
    (i32.add (local.get 0) (i32.load (i32.load (i32.const 24))))))
