// What stands in nests of loops: sums, stores, conditions, exits, calls.
#include <string_view>

#include "tests/differential/nest_writer.h"

namespace pipit::differential {

std::string NestWriter::condition(u32 depth) {
  switch (std::string_view(kind_->fill) == "int" ? below(3) : 2 * below(2)) {
    case 0: return "(i32.eq " + counter(below(depth)) + " " + constant(below(20)) + ")";
    case 1: return "(i32.lt_u (i32.load8_u " + constant(below(40'000)) + ") (i32.const 40))";
    default: return "(i32.and " + counter(depth - 1) + " (i32.const 1))";
  }
}

std::string NestWriter::statement(u32 depth) {
  if (is_plain_ || !once_in(4)) {
    if (once_in(3))
      return std::string("(local.set $s (") + kind_->operations[0] + " (local.get $s) " + value(depth, 1) +
             "))";
    return store(depth);
  }
  const std::string level = std::to_string(below(depth));
  switch (below(12)) {
    case 0:
    case 1: return "(if " + condition(depth) + " (then " + store(depth) + "))";
    case 2: return "(if " + condition(depth) + " (then " + store(depth) + ") (else " + store(depth) + "))";
    case 3:
    case 4: return "(br_if $x" + level + " " + condition(depth) + ")";
    case 5: return "(global.set $g (i32.add (global.get $g) (i32.const 3)))";
    case 6: return once_in(4) ? "(drop (memory.grow (i32.const 1)))" : "(global.set $g (memory.size))";
    case 7:
      return "(global.set $g (call_indirect (type $unary) (global.get $g) (i32.and " + counter(depth - 1) +
             " (i32.const " + (once_in(8) ? "3" : "1") + "))))";
    case 8: return "(if (i32.eq (global.get $g) (i32.const 20)) (then unreachable))";
    case 9:
      return "(global.set $g (i32.div_u (i32.const 1000) (i32.sub " + counter(depth - 1) +
             " (i32.const 41))))";
    case 10: return "(br_if $n" + level + " " + condition(depth) + ")";
    default: return "(local.set $s " + value(depth, 1) + ")";
  }
}

}  // namespace pipit::differential
