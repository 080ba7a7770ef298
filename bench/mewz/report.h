#pragma once
#include "bench/mewz/machine.h"

namespace pipit::bench {

enum class Format { table, markdown, json };

/// One figure that is not a way to a mark.
struct Fact {
  std::string name, value;
};

struct Report {
  int runs = 0;
  std::vector<Subject> subjects;  ///< the first is the floor
  std::vector<Fact> facts;
  std::vector<std::string> skipped;  ///< what was not measured, and why
};

void print(const Report& report, Format format);

}  // namespace pipit::bench
