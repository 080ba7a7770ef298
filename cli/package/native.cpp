#include "cli/package/native.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "cli/package/work_folder.h"
#include "support/files.h"
#include "support/process.h"
#include "wasm/native/abi.h"
#include "wasm/native/format.h"

namespace pipit::package {

using support::Error;
using support::Result;
namespace native = wasm::native;

namespace {

constexpr auto& kTargets = native::kTargetNames;
static_assert(std::size(kTargets) <= link::kMaxNatives);

/// pipit-aot beside this program, or the one PIPIT_AOT names.
std::string compiler() {
  if (const char* path = std::getenv("PIPIT_AOT")) return path;
  std::error_code ignored;
  return (std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / "pipit-aot").string();
}

Result<native::Header> header_of(Bytes file) {
  native::Header header;
  if (file.size() < sizeof header) return Error(Code::internal, "pipit-aot wrote no native module");
  std::memcpy(&header, file.data(), sizeof header);
  return header;
}

Result<registry::NativeModule> compile_one(const NativeTarget& target, const std::string& folder,
                                           u32 memory_bytes) {
  const std::string path = folder + "/" + std::string(target.name) + ".pna";
  std::vector<std::string> command = {compiler(), folder + "/app.wasm", "--metering", "-O2", "-o", path};
  command.push_back("--target=" + std::string(target.name));
  if (target.fixed_memory) command.push_back("--memory=" + std::to_string(memory_bytes));
  const auto output = TRY(support::run(command));
  if (output.exit_code != 0)
    return Error(Code::invalid_argument, std::string(target.name) + ": " + output.err + output.out);
  registry::NativeModule out{std::string(target.name), 0, TRY(support::read_file(path))};
  const native::Header header = TRY(header_of(out.data));
  out.target = static_cast<u8>(header.target);
  return out;
}

}  // namespace

std::span<const NativeTarget> native_targets() { return kTargets; }

support::Status compile_natives(std::span<const std::string> names, BuildReport& report) {
  if (names.empty()) return {};
  const WorkFolder work;
  if (work.path().empty()) return Error(Code::io, "cannot make a temporary folder");
  TRY(support::write_file(work.path() + "/app.wasm", report.package.module));
  for (const NativeTarget& target : kTargets) {
    if (std::ranges::find(names, target.name) == names.end()) continue;
    report.package.natives.push_back(TRY(compile_one(target, work.path(), report.memory_bytes)));
  }
  for (const std::string& name : names) {
    if (std::ranges::find(kTargets, name, &NativeTarget::name) != std::end(kTargets)) continue;
    std::string known;
    for (const NativeTarget& target : kTargets) known.append(known.empty() ? "" : ", ").append(target.name);
    return Error(Code::not_found, "no native code for " + name + " in packages; there is " + known);
  }
  return {};
}

Result<link::Blob> native_entry(const registry::NativeModule& module, u32 engine_stack_bytes) {
  const native::Header header = TRY(header_of(module.data));
  link::Blob blob = registry::blob_entry(link::BlobKind::native, module.data, {});
  blob.target = module.target;
  // What no check covers comes on top: the largest frame twice, helpers and interrupts, and the run's own
  // arguments.
  const auto target = std::ranges::find(kTargets, module.name, &NativeTarget::name);
  if (target == std::end(kTargets)) return Error(Code::not_found, "no native code for " + module.name);
  constexpr u32 kBeginning = 256;
  blob.stack_bytes = engine_stack_bytes + 2 * header.max_frame_bytes +
                     native::stack_reserve(target->pointer_bytes) + kBeginning;
  return blob;
}

}  // namespace pipit::package
