#include "base/check.h"

#include "bench/models/board/line.h"

namespace pipit {

void check_failed(const char* condition, const char* file, int line) {
  Line().text("failed check ").text(file).number(static_cast<u32>(line)).text(" ").text(condition).print();
  semihosting::exit(1);
}

}  // namespace pipit
