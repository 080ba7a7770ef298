;; The smallest WASI command: what starting costs by itself.
(module
  (memory (export "memory") 1)
  (func (export "_start")))
