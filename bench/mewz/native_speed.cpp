#include "bench/mewz/native_speed.h"

#include <cstdlib>
#include <filesystem>

#include "bench/mewz/subjects.h"
#include "support/files.h"
#include "support/process.h"

namespace pipit::bench {
namespace {

using support::Error;
using support::Result;

constexpr int kFew = 1, kMany = 5;  // matrix products

/// The number that ends behind the last `mark` of `text`.
Result<double> number_behind(const std::string& text, const std::string& mark) {
  const usize at = text.rfind(mark);
  if (at == text.npos) return Error(Code::not_found, "no \"" + mark + "\" in: " + text);
  std::string digits;
  for (usize i = at + mark.size(); i < text.size() && text[i] != '\n'; ++i)
    if (text[i] >= '0' && text[i] <= '9') digits += text[i];
  return std::strtod(digits.c_str(), nullptr);
}

Result<double> in_mewz(const std::string& archive, int rounds) {
  rig::VmOptions options = machine("mewz", archive, "trace arg=" + std::to_string(rounds));
  options.more = {"-icount", "shift=0,sleep=off"};
  const auto end = TRY(rig::run_vm(options, 120'000));
  return number_behind(end.console, "time stamp counts while it ran: ");
}

/// The runner in a folder of its own, beside a compiler that compiles for the processor that Mewz' code is
/// for.
Result<std::string> runner_in(const std::string& folder) {
  const std::string runner = folder + "/pipit-run", compiler = folder + "/pipit-aot";
  std::error_code error;
  std::filesystem::copy_file(PIPIT_RUN, runner, error);
  if (error) return Error(Code::not_found, std::string(PIPIT_RUN) + ": " + error.message());
  const std::string script = "#!/bin/sh\nexec " PIPIT_AOT " \"$@\" --cpu=x86-64-v3\n";
  TRY(support::write_file(compiler, as_bytes(script)));
  std::filesystem::permissions(compiler, std::filesystem::perms::owner_all, error);
  return runner;
}

Result<double> on_linux(const std::string& runner, int rounds) {
  const std::string cache = "--cache=" + runner + ".cache", module = PIPIT_WASM_FOLDER "/bench_matrix.wasm";
  const std::vector<std::string> counted = {
      "valgrind", "--tool=callgrind",    "--callgrind-out-file=/dev/null", runner, "--engine=aot", cache,
      module,     std::to_string(rounds)};
  TRY(support::run(counted));  // so that it is compiled, for the processor that valgrind shows
  const auto end = TRY(support::run(counted));
  if (end.exit_code != 0) return Error(Code::unavailable, "valgrind: " + end.err);
  return number_behind(end.err, "Collected :");
}

}  // namespace

Result<NativeSpeed> native_speed(const std::string& folder) {
  const std::string archive = archive_of("bench_matrix", folder);
  if (archive.empty()) return Error(Code::not_found, "bench_matrix.pna is not built");
  NativeSpeed out;
  out.mewz = TRY(in_mewz(archive, kMany)) - TRY(in_mewz(archive, kFew));
  const std::string runner = TRY(runner_in(folder));
  out.linux_runner = TRY(on_linux(runner, kMany)) - TRY(on_linux(runner, kFew));
  return out;
}

}  // namespace pipit::bench
