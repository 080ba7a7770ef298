// pipit-aot: the compiler behind `pipit aot`, a program of its own because LLVM is large and the runner is
// lean.
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "compiler/aot/compile.h"
#include "support/files.h"

namespace pipit::aot {
namespace {

constexpr const char* kHelp =
    R"(usage: pipit aot APP.wasm [options] -o APP.pna
       pipit aot --serve [options]

Compiles a WebAssembly module to a native module (.pna) for one target.

  --target=NAME    %s; the first is the default
  --cpu=NAME       native, x86-64-v2 (default), x86-64-v3, x86-64-v4
  -O0 … -O3        so much for every function; the default is -O3 for modules up to 64 KB, and in larger ones
                   for the functions with nested loops, while the rest is optimised lightly
  --light          that lighter way for every function
  --quick          compile at once: a third of the speed or so
  --threads=N      compile by so many threads; the default is the processors there are
  --metering       count fuel, so that runs can be limited and paused
  --checks=HOW     guard-pages or software; the default is what the target has
  --memory=BYTES   linear memory the application will have, for shorter software checks
  --serve          compile what comes on standard input, one after another: a length (u32) and a module each;
                   answers 0 or 1, a length, and the native module or an error's text
  --emit-llvm=FILE leave the optimised LLVM IR there
  -o FILE          the native module

Example: pipit aot app.wasm --target=x86_64-linux --cpu=native -o app.pna
)";

struct Arguments {
  std::string input, output, target = "x86_64-linux", cpu, checks;
  Options options;
  bool help = false, serve = false;
};

support::Error usage(const std::string& text) {
  return {Code::invalid_argument, text + " (see pipit aot --help)"};
}

bool take(std::string_view argument, std::string_view name, std::string& out) {
  if (!argument.starts_with(name)) return false;
  out = argument.substr(name.size());
  return true;
}

/// "20480", "20K", "1M"
support::Result<u32> parse_bytes(const std::string& text) {
  char* end = nullptr;
  unsigned long long value = std::strtoull(text.c_str(), &end, 10);
  if (*end == 'K' || *end == 'k')
    value <<= 10, ++end;
  else if (*end == 'M' || *end == 'm')
    value <<= 20, ++end;
  if (text.empty() || *end != 0 || value == 0 || value > ~u32{0})
    return usage("--memory=" + text + ": not a size");
  return static_cast<u32>(value);
}

support::Result<Arguments> parse(int argc, char** argv) {
  Arguments arguments;
  std::string memory, threads;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    Effort& effort = arguments.options.effort;
    if (word == "-h" || word == "--help")
      arguments.help = true;
    else if (word == "-o" && i + 1 < argc)
      arguments.output = argv[++i];
    else if (word == "-O0")
      effort = Effort::o0;
    else if (word == "-O1")
      effort = Effort::o1;
    else if (word == "-O2")
      effort = Effort::o2;
    else if (word == "-O3")
      effort = Effort::o3;
    else if (word == "--quick")
      effort = Effort::quick;
    else if (word == "--light")
      effort = Effort::light;
    else if (word == "--serve")
      arguments.serve = true;
    else if (word == "--metering")
      arguments.options.metering = true;
    else if (take(word, "--target=", arguments.target) || take(word, "--cpu=", arguments.cpu) ||
             take(word, "--checks=", arguments.checks) || take(word, "--memory=", memory) ||
             take(word, "--emit-llvm=", arguments.options.ir_file) || take(word, "--threads=", threads)) {
    } else if (word.starts_with("-") || !arguments.input.empty())
      return usage("unknown option " + std::string(word));
    else
      arguments.input = word;
  }
  if (arguments.help) return arguments;
  if (!arguments.serve && (arguments.input.empty() || arguments.output.empty()))
    return usage("name a module and -o FILE");
  arguments.options.target = TRY(find_target(arguments.target, arguments.cpu));
  if (arguments.checks == "software")
    arguments.options.target.checks = Checks::software;
  else if (arguments.checks == "guard-pages") {
    if (arguments.options.target.row->checks != Checks::guard_pages)
      return usage(arguments.target + " has no guard pages");
  } else if (!arguments.checks.empty())
    return usage("--checks=" + arguments.checks);
  if (!threads.empty()) {
    u32 count = 0;
    const char* const end = threads.data() + threads.size();
    if (std::from_chars(threads.data(), end, count).ptr != end || count < 1 || count > 1024)
      return usage("--threads=" + threads + ": 1 to 1024");
    arguments.options.threads = count;
  }
  if (!memory.empty()) arguments.options.memory_limit = TRY(parse_bytes(memory));
  return arguments;
}

support::Status compile_file(const std::string& input, const std::string& output, const Options& options) {
  const auto module = TRY(support::read_file(input));
  auto native = compile(module, options);
  if (!native.ok()) return native.take_error().in(input);
  return support::write_file(output, *native);
}

void answer(u8 failed, Bytes bytes) {
  const u32 size = static_cast<u32>(bytes.size());
  std::fwrite(&failed, 1, 1, stdout);
  std::fwrite(&size, sizeof size, 1, stdout);
  std::fwrite(bytes.data(), 1, size, stdout);
  std::fflush(stdout);
}

/// Until the input ends.
support::Status serve(const Options& options) {
  constexpr u32 kLargest = 256u << 20;
  for (u32 size; std::fread(&size, sizeof size, 1, stdin) == 1;) {
    if (size > kLargest) return usage("--serve: a module of over 256 MB");
    std::vector<u8> module(size);
    if (std::fread(module.data(), 1, size, stdin) != size)
      return usage("--serve: the input ends within a module");
    const auto native = compile(module, options);
    native.ok() ? answer(0, *native) : answer(1, as_bytes(native.error().text));
  }
  return {};
}

void show_progress(const char* stage, double done) {
  std::fprintf(stderr, "\r%-10s %3.0f %%", stage, done * 100);
}

support::Status run(int argc, char** argv) {
  Arguments arguments = TRY(parse(argc, argv));
  if (arguments.help) {
    std::string names;
    for (const TargetRow& row : targets()) names += std::string(names.empty() ? "" : ", ") + row.name;
    std::printf(kHelp, names.c_str());
    return {};
  }
  if (arguments.serve) return serve(arguments.options);
  const bool shows = isatty(2) != 0;
  if (shows) arguments.options.progress = show_progress;
  auto status = compile_file(arguments.input, arguments.output, arguments.options);
  if (shows) std::fprintf(stderr, "\r%*s\r", 20, "");
  return status;
}

}  // namespace
}  // namespace pipit::aot

int main(int argc, char** argv) {
  const auto status = pipit::aot::run(argc, argv);
  if (status.ok()) return 0;
  std::fprintf(stderr, "pipit aot: %s\n", status.error().text.c_str());
  return 1;
}
