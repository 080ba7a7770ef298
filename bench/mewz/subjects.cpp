#include "bench/mewz/subjects.h"

#include <cstdio>

#include "rig/initrd.h"
#include "support/files.h"

namespace pipit::bench {

rig::VmOptions machine(const std::string& kernel, const std::string& initrd, const std::string& arguments,
                       bool network) {
  rig::VmOptions options;
  options.kernel = PIPIT_SOURCE_DIR "/build/mewz/bin/" + kernel;
  options.initrd = initrd;
  options.arguments = arguments;
  options.memory_mb = 16;
  options.network = network;
  return options;
}

std::string archive_of(const std::string& module, const std::string& folder) {
  const auto code = support::read_file(PIPIT_WASM_FOLDER "/" + module + ".wasm");
  const auto native = support::read_file(PIPIT_WASM_FOLDER "/" + module + ".pna");
  if (!code.ok() || !native.ok()) return "";
  const auto archive = rig::make_initrd({{"app.wasm", *code}, {"app.pna", *native}});
  const std::string path = folder + "/" + module + ".tar";
  return archive.ok() && support::write_file(path, *archive).ok() ? path : "";
}

namespace {

/// The least a kernel can do, by what QEMU itself has to start one.
rig::VmOptions floor(bool network) {
  rig::VmOptions options = machine("mewz-floor", "", "", network);
  options.firmware = rig::VmOptions::Firmware::qemu;
  return options;
}

}  // namespace

std::vector<Subject> start_up(const std::string& folder) {
  constexpr char kAddress[] = "ip=10.0.2.15/24,10.0.2.2";
  const std::string wasm = PIPIT_WASM_FOLDER;
  std::vector<Subject> all = {
      {.name = "one byte (floor)", .vm = floor(false), .mark = ""},
      {.name = "one byte, with a network card", .vm = floor(true), .mark = ""},
      {.name = "one byte, by our firmware", .vm = machine("mewz-floor", "", ""), .mark = ""},
      {.name = "the kernel's first line", .vm = machine("mewz-selftest", "", ""), .mark = "mewz: "},
      {.name = "first byte of the application, interpreted",
       .vm = machine("mewz", wasm + "/bench_hello.wasm", ""),
       .mark = "hello, world",
       .settles = true},
      {.name = "first HTTP answer, interpreted",
       .vm = machine("mewz", wasm + "/http_server.wasm", kAddress, true),
       .mark = "serving",
       .http = true,
       .settles = true},
  };
  if (const std::string native = archive_of("bench_hello", folder); !native.empty())
    all.push_back({.name = "first byte of the application, native",
                   .vm = machine("mewz", native, ""),
                   .mark = "hello, world",
                   .settles = true});
  if (const std::string native = archive_of("http_server", folder); !native.empty())
    all.push_back({.name = "first HTTP answer, native",
                   .vm = machine("mewz", native, kAddress, true),
                   .mark = "serving",
                   .http = true,
                   .settles = true});
  return all;
}

/// The archive has one member, in the newc format (Linux' buffer-format.rst).
std::optional<Subject> linux_to_init(const std::string& kernel, const std::string& folder) {
  const auto init = support::read_file(PIPIT_INIT);
  if (kernel.empty() || !init.ok()) return std::nullopt;
  std::string archive;
  const auto add = [&archive](const std::string& name, u32 mode, const std::string& data) {
    char header[111];
    std::snprintf(header, sizeof header, "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X", 1u,
                  mode, 0u, 0u, 1u, 0u, data.size(), 0u, 0u, 0u, 0u, name.size() + 1, 0u);
    archive += header + name + '\0';
    archive.resize((archive.size() + 3) / 4 * 4);
    archive += data;
    archive.resize((archive.size() + 3) / 4 * 4);
  };
  add("init", 0100755, {init->begin(), init->end()});
  add("TRAILER!!!", 0, "");
  rig::VmOptions options;
  options.kernel = kernel;
  options.initrd = folder + "/linux.cpio";
  options.arguments = "console=ttyS0 quiet";
  options.memory_mb = 256;
  options.pic = true;
  if (!support::write_file(options.initrd, as_bytes(archive)).ok()) return std::nullopt;
  return Subject{.name = "Linux: its init's first line", .vm = options, .mark = "init:"};
}

}  // namespace pipit::bench
