#include <cstdio>
#include <cstdlib>

#include "base/check.h"

namespace pipit {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: this is a bug in pipit: %s\n", file, line, condition);
  std::abort();
}

}  // namespace pipit
