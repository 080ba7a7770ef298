// wast-aarch64 SCRIPT.json…: test scripts in native code, without the rest of the pipit command. PIPIT_AOT
// names the compiler, which may be a program of another machine.
#include <cstdio>

#include "cli/wast/native.h"
#include "cli/wast/script.h"
#include "wasm/engine.h"

int main(int argc, char** argv) {
  using namespace pipit;
  constexpr wast::Backend kNative{"aot", &wasm::kNativeEngine, wast::compile_native, true};
  wast::Report report;
  for (int i = 1; i < argc; ++i) {
    const auto one = wast::run_script(argv[i], kNative);
    if (!one.ok()) {
      std::fprintf(stderr, "%s\n", one.error().text.c_str());
      return 2;
    }
    report.add(*one);
  }
  for (const std::string& failure : report.failures) std::printf("FAIL %s\n", failure.c_str());
  for (const auto& [reason, count] : report.skip_reasons)
    std::printf("skipped %u: %s\n", count, reason.c_str());
  std::printf("%u passed, %u failed, %u skipped\n", report.passed, report.failed, report.skipped);
  return report.failed == 0 ? 0 : 1;
}
