#include "host/command_line.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "support/files.h"

namespace pipit::host {
namespace {

using support::Error;
using support::Result;

/// One option; exactly one of the members is set.
struct Option {
  const char* name;
  std::string RunRequest::* text = nullptr;
  std::vector<std::string> RunRequest::* list = nullptr;
  bool RunRequest::* flag = nullptr;
};

constexpr Option kOptions[] = {
    {.name = "--dir", .list = &RunRequest::directories},
    {.name = "--network", .flag = &RunRequest::network},
    {.name = "--env", .list = &RunRequest::environment},
    {.name = "--model", .list = &RunRequest::models},
    {.name = "--sensor", .list = &RunRequest::sensors},
    {.name = "--telemetry", .text = &RunRequest::telemetry},
    {.name = "--engine", .text = &RunRequest::engine},
    {.name = "--fuel", .text = &RunRequest::fuel},
    {.name = "--memory", .text = &RunRequest::memory},
    {.name = "--stack", .text = &RunRequest::stack},
    {.name = "--cache", .text = &RunRequest::cache},
    {.name = "--quick", .flag = &RunRequest::quick},
    {.name = "--profile", .flag = &RunRequest::profile},
    {.name = "--profile-json", .text = &RunRequest::profile_json},
    {.name = "--trace", .flag = &RunRequest::trace},
    {.name = "--checkpoint", .text = &RunRequest::checkpoint},
    {.name = "--checkpoint-after", .text = &RunRequest::checkpoint_after},
    {.name = "--resume", .text = &RunRequest::resume},
    {.name = "--report", .flag = &RunRequest::report},
    {.name = "--help", .flag = &RunRequest::help},
    {.name = "-h", .flag = &RunRequest::help},
};

const Option* find_option(std::string_view name) {
  for (const Option& option : kOptions)
    if (name == option.name) return &option;
  return nullptr;
}

/// Takes the option at words[at], and its value; false when it is none of ours. `at` is then behind it.
Result<bool> take_option(const std::vector<std::string>& words, usize& at, RunRequest& request) {
  const std::string& word = words[at];
  const usize equals = word.starts_with("--") ? word.find('=') : word.npos;
  const Option* option = find_option(word.substr(0, equals));
  if (option == nullptr) return false;
  ++at;
  if (option->flag != nullptr) {
    if (equals != word.npos)
      return Error(Code::invalid_argument, std::string(option->name) + " takes no value");
    request.*option->flag = true;
    return true;
  }
  if (equals == word.npos && at == words.size())
    return Error(Code::invalid_argument, std::string(option->name) + " needs a value");
  std::string value = equals != word.npos ? word.substr(equals + 1) : words[at++];
  if (option->text != nullptr)
    request.*option->text = std::move(value);
  else
    (request.*option->list).push_back(std::move(value));
  return true;
}

/// "28x28", "3x32x32"
std::vector<u32> parse_shape(const std::string& text) {
  std::vector<u32> shape;
  for (usize at = 0; at < text.size();) {
    const usize end = std::min(text.find('x', at), text.size());
    shape.push_back(static_cast<u32>(std::strtoul(text.substr(at, end - at).c_str(), nullptr, 10)));
    at = end + 1;
  }
  return shape;
}

Result<u64> parse_number(const std::string& text, const std::string& what) {
  char* end = nullptr;
  errno = 0;
  const u64 value = std::strtoull(text.c_str(), &end, 10);
  if (text.empty() || text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0)
    return Error(Code::invalid_argument, what + ": expected a number, not \"" + text + "\"");
  return value;
}

Result<u32> parse_size(const std::string& text, const std::string& what) {
  const u64 bytes = TRY(parse_bytes(text, what));
  if (bytes > ~u32{0})
    return Error(Code::out_of_range, what + ": " + text + " is more than a 32-bit memory has");
  return static_cast<u32>(bytes);
}

}  // namespace

const char kRunUsage[] =
    "pipit run APP [OPTIONS] [--] [ARGUMENTS...]: run an application on this machine\n"
    "APP is a module (app.wasm), a package (app.oci) or a folder with pipit.yaml, which is built first. The\n"
    "first word that is no option, and all after it, goes to the program. --target=mewz runs it in a "
    "virtual\n"
    "machine of its own (pipit run --target=mewz --help).\n"
    "  --engine=interp|aot    how to execute it: interpreted (the default; in-place and register name the "
    "two\n"
    "                         interpreters), or compiled to native code once and kept in a cache\n"
    "  --cache=DIR            of translated and compiled modules (~/.cache/pipit/native); --quick compiles "
    "faster,\n"
    "                         code is slower\n"
    "  --dir=HOST[:GUEST]     grant a directory; also GUEST::HOST; \":ro\" behind it: read only\n"
    "  --network              let it use sockets (WasmEdge's extension of WASI), on every address of this "
    "machine\n"
    "  --env=KEY=VALUE        set a variable of the program's environment\n"
    "  --fuel=N               stop after so many loop iterations and calls\n"
    "  --memory=SIZE          linear memory, as in 20K; --stack=SIZE the engine's stack\n"
    "  --model=NAME=FILE      a model (.pipm, .onnx, .tflite) for wasi-nn's load_by_name\n"
    "  --sensor=NAME=FILE[:COUNT][:SHAPE]   replay an IDX, .npy or raw file\n"
    "  --telemetry=FILE       write results to this file, one JSON line each\n"
    "  --profile              count calls and fuel of each function; --profile-json=FILE writes them\n"
    "  --trace                print each call; both run in place, slowly\n"
    "  --checkpoint-after=N --checkpoint=FILE   write the run to FILE after N units of fuel, and end\n"
    "  --resume=FILE          go on from there, here or elsewhere (the same module; no files are open)\n"
    "  --report               print what the run took\n"
    "Exit code: the program's own; 134 after a trap, 124 out of fuel, 130 interrupted, 1 when it could not "
    "start.\n"
    "Example: pipit run fashion.oci --sensor=camera=t10k-images-idx3-ubyte.gz:500 "
    "--telemetry=results.jsonl\n";

OptionKind run_option(std::string_view name) {
  const Option* option = find_option(name);
  if (option == nullptr) return OptionKind::none;
  return option->flag != nullptr ? OptionKind::flag : OptionKind::value;
}

Result<RunRequest> parse_command_line(const std::vector<std::string>& words) {
  RunRequest request;
  for (usize at = 0; at < words.size();) {
    if (TRY(take_option(words, at, request))) continue;
    if (request.app.empty() && words[at].starts_with('-') && words[at].size() > 1)
      return Error(Code::invalid_argument, "no option " + words[at] + "; see pipit run --help");
    if (request.app.empty()) {
      request.app = words[at++];
      continue;
    }
    if (words[at] == "--") ++at;
    request.program.assign(words.begin() + static_cast<std::ptrdiff_t>(at), words.end());
    break;
  }
  if (request.app.empty() && !request.help)
    return Error(Code::invalid_argument, "which application? See pipit run --help");
  return request;
}

Result<HostFiles::Grant> parse_grant(std::string text) {
  const std::string whole = text;
  HostFiles::Grant grant;
  if (text.ends_with(":ro")) {
    grant.read_only = true;
    text.resize(text.size() - 3);
  }
  if (const usize guest_first = text.find("::"); guest_first != text.npos) {
    grant.guest_path = text.substr(0, guest_first);
    grant.host_path = text.substr(guest_first + 2);
  } else {
    const usize colon = text.find(':');
    grant.host_path = text.substr(0, colon);
    grant.guest_path = colon == text.npos ? text : text.substr(colon + 1);
  }
  if (grant.host_path.empty() || grant.guest_path.empty())
    return Error(Code::invalid_argument,
                 "--dir: expected HOST[:GUEST][:ro] or GUEST::HOST[:ro], not \"" + whole + "\"");
  return grant;
}

Result<u64> parse_bytes(const std::string& text, const std::string& what) {
  constexpr std::string_view kUnits = "KMG";
  const usize unit = text.empty() ? kUnits.npos : kUnits.find(text.back());
  const u32 shift = unit == kUnits.npos ? 0 : static_cast<u32>(unit + 1) * 10;
  const u64 count = TRY(parse_number(text.substr(0, text.size() - (shift != 0 ? 1 : 0)), what));
  if (count > ~u64{0} >> shift) return Error(Code::out_of_range, what + ": " + text + " is too large");
  return count << shift;
}

Result<std::pair<std::string, std::string>> split_at_equals(const std::string& text,
                                                            const std::string& shape) {
  const usize equals = text.find('=');
  if (equals == text.npos || equals == 0)
    return Error(Code::invalid_argument, "expected " + shape + ", not \"" + text + "\"");
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

Result<RunOptions::Sensor> load_sensor(const std::string& text) {
  auto [name, file] = TRY(split_at_equals(text, "NAME=FILE[:COUNT][:SHAPE]"));
  Dataset::Options options;
  for (usize colon = file.rfind(':'); colon != file.npos; colon = file.rfind(':')) {
    const std::string suffix = file.substr(colon + 1);
    if (suffix.empty() || suffix.find_first_not_of("0123456789x") != suffix.npos) break;
    if (suffix.find('x') != suffix.npos)
      options.shape = parse_shape(suffix);
    else
      options.count = static_cast<u32>(std::strtoul(suffix.c_str(), nullptr, 10));
    file.resize(colon);
  }
  return RunOptions::Sensor{name, TRY(Dataset::load(file, options))};
}

support::Status apply(const RunRequest& request, RunOptions& options) {
  options.network = request.network;
  for (const std::string& text : request.directories) options.directories.push_back(TRY(parse_grant(text)));
  for (const std::string& text : request.environment) {
    TRY(split_at_equals(text, "--env=KEY=VALUE"));
    options.environment.push_back(text);
  }
  for (const std::string& text : request.sensors) options.sensors.push_back(TRY(load_sensor(text)));
  if (!request.memory.empty()) options.memory_bytes = TRY(parse_size(request.memory, "--memory"));
  if (!request.stack.empty()) options.stack_bytes = TRY(parse_size(request.stack, "--stack"));
  if (!request.fuel.empty()) options.fuel = TRY(parse_number(request.fuel, "--fuel"));
  if (!request.checkpoint.empty()) {
    if (request.checkpoint_after.empty())
      return Error(Code::invalid_argument, "--checkpoint needs --checkpoint-after=N");
    options.checkpoint_after = TRY(parse_number(request.checkpoint_after, "--checkpoint-after"));
    options.checkpoint_file = request.checkpoint;
  } else if (!request.checkpoint_after.empty()) {
    return Error(Code::invalid_argument, "--checkpoint-after needs --checkpoint=FILE");
  }
  options.resume_file = request.resume;
  options.arguments = request.program;
  options.telemetry_file = request.telemetry;
  return {};
}

EngineOptions engine_options(const RunRequest& request, std::string module_file) {
  const bool steps = request.profile || request.trace || !request.profile_json.empty();
  return {.name = steps && request.engine == "interp" ? "in-place" : request.engine,
          .module_file = std::move(module_file),
          .cache_folder = request.cache,
          .metering = !request.fuel.empty(),
          .quick = request.quick};
}

void print_end(const RunReport& report, const RunRequest& request) {
  using End = RunReport::End;
  if (report.end == End::trapped)
    std::fprintf(stderr, "trap: %s\n%s", report.trap.c_str(), report.call_stack.c_str());
  if (report.end == End::out_of_fuel) std::fprintf(stderr, "pipit: out of fuel\n");
  if (request.profile) std::fputs(report.profile.c_str(), stderr);
  if (!request.profile_json.empty()) {
    auto status = support::write_file(request.profile_json, as_bytes(report.profile_json));
    if (!status.ok()) std::fprintf(stderr, "pipit: %s\n", status.error().text.c_str());
  }
  if (!request.report) return;
  std::fprintf(stderr, "fuel used         %llu\n", static_cast<unsigned long long>(report.fuel_used));
  std::fprintf(stderr, "linear memory     %u bytes\n", report.memory_bytes);
  std::fprintf(stderr, "engine stack peak %u bytes\n", report.stack_peak_bytes);
  std::fprintf(stderr, "model arena peak  %llu bytes\n",
               static_cast<unsigned long long>(report.arena_peak_bytes));
  std::fprintf(stderr, "inference         %.3f ms\n", static_cast<double>(report.inference_ns) / 1e6);
}

}  // namespace pipit::host
