#pragma once
#include "bench/wasm/measure.h"
#include "bench/wasm/startup.h"

namespace pipit::bench {

/// A run of the whole benchmark.
struct Report {
  std::vector<std::string> environment;  ///< "date: …", "processor: …", versions
  std::vector<std::string> runtimes;     ///< the columns; the first is what all are divided by
  std::vector<Row> rows;
  std::vector<StartUp> start_up;
};

enum class Format { table, json, markdown };
/// The report as text: ratios to the first runtime, with geometric means over PolyBench's kernels in front.
std::string format_report(const Report& report, Format format);

/// What this machine and its tools call themselves, for Report::environment.
std::vector<std::string> describe_environment();

}  // namespace pipit::bench
