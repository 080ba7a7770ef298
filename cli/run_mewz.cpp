// pipit run --target=mewz: one application in a virtual machine that has nothing else.
#include "cli/run_mewz.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "cli/command.h"
#include "cli/package/application.h"
#include "cli/package/model_file.h"
#include "host/command_line.h"
#include "rig/accelerator.h"
#include "rig/initrd.h"
#include "rig/vm.h"
#include "support/files.h"
#include "wasm/native/format.h"

namespace pipit::cli {
namespace {

using support::Error;
using support::Result;
using support::Status;

constexpr const char kUsage[] =
    "usage: pipit run --target=mewz [OPTIONS] [APP] [ARGUMENTS...]\n\n"
    "Runs an application in a virtual machine of its own, on Mewz: a module, a package of pipit build, or a\n"
    "folder with pipit.yaml, which is built first.\n\n"
    "  --publish=HOST:GUEST    connections to 127.0.0.1:HOST go to the application's port GUEST\n"
    "  --dir=HOST[:GUEST[:ro]] a directory of this machine's, to read and write; with :ro only to read\n"
    "  --no-files              no directory but those of --dir; without it the RAM disk and disks are /\n"
    "  --disk=FILE             a disk: an archive of files, the application among them or beside it, or a\n"
    "                          configuration (a file of lines key=value that begins with #mewz)\n"
    "  --machine=NAME          microvm (the default), or q35 with its devices on PCI\n"
    "  --firmware=NAME         mewz (the default, of microvm only) or qemu: what starts the kernel\n"
    "  --print-command=WHAT    only print what would be started: qemu, firecracker (a configuration file) "
    "or\n"
    "                          cloud-hypervisor\n"
    "  --env=KEY=VALUE         an environment variable\n"
    "  --model=NAME=FILE       a model (.pipm, .onnx) for load_by_name\n"
    "  --memory=SIZE           of the machine, default 64M\n"
    "  --native=FILE           native code of APP (pipit aot --target=x86_64-mewz); a package may have its "
    "own\n"
    "  --accel=NAME            kvm or tcg; by default what a probe shows to be fast\n"
    "  --gdb=PORT              wait for gdb on 127.0.0.1:PORT before the first instruction\n"
    "  --trace                 what the kernel says, and the command that started the machine\n\n"
    "Exit code: the program's own; 134 after a trap, 65 when it cannot run, 70 to 78 when the machine "
    "failed.\n"
    "Example: pipit run --target=mewz --publish=8080:80 --dir=site:/ examples/http\n";

/// Options with a value, behind "=" or in the next word.
constexpr std::string_view kValueOptions[] = {
    "--target", "--publish", "--dir",    "--disk",  "--machine", "--print-command", "--env",
    "--model",  "--memory",  "--native", "--accel", "--gdb",     "--firmware"};

bool takes_value(std::string_view name) {
  return std::ranges::find(kValueOptions, name) != std::end(kValueOptions);
}

struct Request {
  std::string app, native, accelerator;
  std::vector<std::string> environment, models, arguments;
  std::string print_command;
  rig::VmOptions vm;
  u16 gdb_port = 0;
  bool no_files = false, trace = false, help = false;
};

bool to_number(std::string_view text, u64 most, u64& out) {
  const auto end = text.data() + text.size();
  return !text.empty() && std::from_chars(text.data(), end, out).ptr == end && out <= most;
}

Error wrong(const std::string& option, const char* expected) {
  return {Code::invalid_argument,
          option + ": expected " + expected + " (see pipit run --target=mewz --help)"};
}

Status take_publish(Request& out, const std::string& value) {
  const usize colon = value.find(':');
  u64 host = 0, guest = 0;
  if (colon == value.npos || !to_number(std::string_view(value).substr(0, colon), 65535, host) ||
      !to_number(std::string_view(value).substr(colon + 1), 65535, guest) || host == 0 || guest == 0)
    return wrong("--publish=" + value, "HOST:GUEST, two port numbers");
  out.vm.forwards.push_back({static_cast<u16>(host), static_cast<u16>(guest)});
  return {};
}

/// HOST[:GUEST[:ro]]; without GUEST the application sees it under the same path.
Status take_directory(Request& out, std::string value) {
  rig::VmOptions::Directory directory;
  if (value.ends_with(":ro")) {
    directory.read_only = true;
    value.resize(value.size() - 3);
  }
  const usize colon = value.find(':');
  directory.host = value.substr(0, colon);
  directory.guest = colon == value.npos ? directory.host : value.substr(colon + 1);
  if (directory.host.empty() || directory.guest.empty()) return wrong("--dir=" + value, "HOST[:GUEST[:ro]]");
  if (!std::filesystem::is_directory(directory.host))
    return Error(Code::not_found, "--dir=" + value + ": " + directory.host + " is not a directory");
  if (!directory.guest.starts_with('/')) directory.guest.insert(0, "/");
  out.vm.directories.push_back(std::move(directory));
  return {};
}

Status take_memory(Request& out, std::string value) {
  const std::string whole = value;
  u64 scale = 1;
  if (value.ends_with('M'))
    value.pop_back();
  else if (value.ends_with('G'))
    value.pop_back(), scale = 1024;
  u64 megabytes = 0;
  if (!to_number(value, 1u << 20, megabytes) || megabytes * scale < 8)
    return wrong("--memory=" + whole, "a size of at least 8M, as in 64M");
  out.vm.memory_mb = static_cast<u32>(megabytes * scale);
  return {};
}

Status take_gdb(Request& out, const std::string& value) {
  u64 port = 0;
  if (!to_number(value, 65535, port) || port == 0) return wrong("--gdb=" + value, "a port number");
  out.gdb_port = static_cast<u16>(port);
  return {};
}

Status take_option(Request& out, const std::string& name, const std::string& value) {
  if (name == "--publish") return take_publish(out, value);
  if (name == "--memory") return take_memory(out, value);
  if (name == "--gdb") return take_gdb(out, value);
  if (name == "--dir") return take_directory(out, value);
  if (name == "--target") {
    if (value != "mewz") return wrong("--target=" + value, "--target=mewz");
  } else if (name == "--disk") {
    if (!support::exists(value)) return Error(Code::not_found, "--disk=" + value + ": there is no such file");
    out.vm.disks.push_back(value);
  } else if (name == "--machine") {
    if (value != "microvm" && value != "q35") return wrong("--machine=" + value, "microvm or q35");
    out.vm.machine = value;
  } else if (name == "--firmware") {
    if (value != "mewz" && value != "qemu") return wrong("--firmware=" + value, "mewz or qemu");
    out.vm.firmware = value == "qemu" ? rig::VmOptions::Firmware::qemu : rig::VmOptions::Firmware::ours;
  } else if (name == "--print-command") {
    if (value != "qemu" && value != "firecracker" && value != "cloud-hypervisor")
      return wrong("--print-command=" + value, "qemu, firecracker or cloud-hypervisor");
    out.print_command = value;
  } else if (name == "--env") {
    if (value.find('=') == value.npos || value[0] == '=') return wrong("--env=" + value, "KEY=VALUE");
    out.environment.push_back(value);
  } else if (name == "--model") {
    if (value.find('=') == value.npos || value[0] == '=') return wrong("--model=" + value, "NAME=FILE");
    out.models.push_back(value);
  } else if (name == "--native") {
    out.native = value;
  } else if (name == "--accel") {
    if (value != "kvm" && value != "tcg") return wrong("--accel=" + value, "kvm or tcg");
    out.accelerator = value;
  }
  return {};
}

/// Options may stand before or behind the application, with "=" or a space; after the first other word all
/// belongs to the program.
Result<Request> parse(const std::vector<std::string>& words) {
  Request out;
  for (usize i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with("--") || word == "--") {
      if (!out.app.empty() || word == "--") {
        out.arguments.assign(words.begin() + static_cast<long>(i + (word == "--")), words.end());
        break;
      }
      out.app = word;
    } else if (word == "--help") {
      out.help = true;
    } else if (word == "--no-files") {
      out.no_files = true;
    } else if (word == "--trace") {
      out.trace = true;
    } else {
      const usize equals = word.find('=');
      if (!takes_value(word.substr(0, equals)))
        return wrong(word.substr(0, equals), "an option that --target=mewz has");
      if (equals == word.npos && i + 1 == words.size()) return wrong(word, "a value");
      TRY(take_option(out, word.substr(0, equals),
                      equals == word.npos ? words[++i] : word.substr(equals + 1)));
    }
  }
  if (out.app.empty() && out.vm.disks.empty() && !out.help)
    return Error(Code::invalid_argument, "pipit run: no application, and no disk that may have one (--disk)");
  return out;
}

/// A directory of our own for the RAM disk.
struct Scratch {
  Scratch() {
    char name[] = "/tmp/pipit-mewz-XXXXXX";
    if (const char* made = mkdtemp(name); made != nullptr) path = made;
  }
  ~Scratch() {
    std::error_code ignored;
    if (!path.empty() && !keep) std::filesystem::remove_all(path, ignored);
  }
  Scratch(const Scratch&) = delete;
  std::string path;
  bool keep = false;
};

/// Of a package, or a folder that is built to one: module, models and the native code for this kernel, as a
/// device with an agent would fetch them.
Status add_package(const Request& request, std::vector<rig::InitrdFile>& files) {
  auto package = TRY(package::open_application(request.app));
  files.push_back({"app.wasm", std::move(package.module)});
  for (auto& model : package.models) files.push_back({model.name + ".pipm", std::move(model.data)});
  for (auto& native : package.natives)
    if (native.target == static_cast<u8>(wasm::native::Target::x86_64_mewz) && request.native.empty())
      files.push_back({"app.pna", std::move(native.data)});
  return {};
}

/// The initial RAM disk: the application with what belongs to it. None when all of it is on disks.
Status make_initrd(Request& request, const Scratch& scratch) {
  std::vector<rig::InitrdFile> files;
  std::error_code ignored;
  if (std::filesystem::is_directory(request.app, ignored)) {
    TRY(add_package(request, files));
  } else if (!request.app.empty()) {
    const std::string name = std::filesystem::path(request.app).filename().string();
    files.push_back({name, TRY(support::read_file(request.app))});
  }
  if (!files.empty()) request.vm.arguments = "app=" + rig::escaped(files.front().name);
  if (!request.native.empty()) files.push_back({"app.pna", TRY(support::read_file(request.native))});
  for (const std::string& text : request.models) {
    const usize equals = text.find('=');
    const std::string name = text.substr(0, equals) + ".pipm";
    std::erase_if(files, [&](const auto& file) { return file.name == name; });
    files.push_back({name, TRY(package::load_model_file(text.substr(equals + 1)))});
  }
  if (files.empty()) return {};
  request.vm.initrd = scratch.path + "/initrd";
  return support::write_file(request.vm.initrd, TRY(rig::make_initrd(files)));
}

Status prepare(Request& request, const Scratch& scratch) {
  TRY(make_initrd(request, scratch));
  request.vm.kernel = PIPIT_CHECKOUT "/build/mewz/bin/mewz";
  if (!support::exists(request.vm.kernel))
    return Error(Code::not_found, request.vm.kernel + ": there is no kernel; scripts/setup mewz builds it");
  request.vm.network = true;
  // What QEMU's user network would answer to DHCP, four packets sooner.
  if (request.print_command.empty() || request.print_command == "qemu")
    request.vm.arguments += " ip=10.0.2.15/24,10.0.2.2 dns=10.0.2.3";
  if (request.no_files) request.vm.arguments += " nofiles";
  if (request.trace) request.vm.arguments += " trace";
  for (const std::string& text : request.environment) request.vm.arguments += " env=" + rig::escaped(text);
  for (const std::string& text : request.arguments) request.vm.arguments += " arg=" + rig::escaped(text);
  const rig::Accelerator chosen = rig::choose_accelerator();
  request.vm.accelerator = request.accelerator.empty() ? chosen.name : request.accelerator;
  if (request.trace) std::fprintf(stderr, "pipit: %s\n", chosen.reason.c_str());
  if (request.gdb_port != 0) {
    request.vm.more = {"-S", "-gdb", "tcp:127.0.0.1:" + std::to_string(request.gdb_port)};
    std::fprintf(stderr, "pipit: waiting for gdb %s.symbols -ex 'target remote 127.0.0.1:%u'\n",
                 request.vm.kernel.c_str(), request.gdb_port);
  }
  return {};
}

/// Takes the console apart: the kernel's lines begin with "mewz: ", everything else is the application's.
class Splitter {
 public:
  explicit Splitter(bool trace) : trace_(trace) {}
  void take(std::string_view text) {
    for (const char c : text) {
      line_ += c;
      const bool could_be_kernel =
          std::string_view(line_).substr(0, kMark.size()) == kMark.substr(0, line_.size());
      if (passing_ || !could_be_kernel) {
        std::fwrite(line_.data(), 1, line_.size(), stdout);
        passing_ = c != '\n';
        line_.clear();
      } else if (c == '\n') {
        log_ += line_;
        if (trace_) std::fputs(line_.c_str(), stderr);
        line_.clear();
      }
    }
    std::fflush(stdout);
  }
  const std::string& log() const { return log_; }

 private:
  static constexpr std::string_view kMark = "mewz: ";
  bool trace_, passing_ = false;
  std::string line_, log_;
};

/// Runs QEMU with its console in a pipe until it ends or somebody interrupts.
Result<int> supervise(const Request& request) {
  const auto command = rig::vm_command(request.vm, "file,path=/dev/stdout");
  if (request.trace) {
    for (const auto& word : command) std::fprintf(stderr, "%s ", word.c_str());
    std::fputc('\n', stderr);
  }
  int console[2];
  if (pipe2(console, O_CLOEXEC) != 0) return Error(Code::io, "no pipe for the machine's console");
  std::vector<char*> words;
  for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t machine = fork();
  if (machine == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // no machine outlives its command
    dup2(console[1], STDOUT_FILENO);
    const int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, STDIN_FILENO);
    execvp(words[0], words.data());
    std::fprintf(stderr, "pipit: %s cannot be started: apt-get install qemu-system-x86\n", words[0]);
    _exit(127);
  }
  close(console[1]);
  if (machine < 0) return Error(Code::io, "no process for the machine");
  Splitter splitter(request.trace);
  bool killed = false;
  char buffer[16384];
  for (pollfd ready{console[0], POLLIN, 0};;) {
    if (interrupted() && !std::exchange(killed, true)) kill(machine, SIGKILL);
    if (poll(&ready, 1, 100) < 1) continue;
    const ssize_t got = read(console[0], buffer, sizeof buffer);
    if (got <= 0) break;
    splitter.take({buffer, static_cast<usize>(got)});
  }
  close(console[0]);
  int status = 0;
  waitpid(machine, &status, 0);
  if (killed) return 130;
  const auto code = rig::exit_code_of(splitter.log());
  if (!code) return Error(Code::unavailable, "the machine ended without a word; --trace shows its command");
  // What the kernel says of a machine that failed, or of a trap, is what a person wants to know.
  const bool kernels = *code == 134 || (*code >= 65 && *code <= 78);
  if (kernels && !request.trace) std::fputs(splitter.log().c_str(), stderr);
  return static_cast<int>(*code & 0xFF);
}

}  // namespace

bool names_target(const std::vector<std::string>& words) {
  bool app = false;
  for (usize i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const std::string name = word.substr(0, word.find('='));
    if (name == "--target") return true;
    const auto here = host::run_option(name);
    if (takes_value(name) || here == host::OptionKind::value) {
      i += name == word;  // the next word is its value
    } else if (here == host::OptionKind::none && name != "--no-files") {
      if (app || word == "--") return false;  // what follows is the program's
      app = !word.starts_with('-');
    }
  }
  return false;
}

int run_on_target(const std::vector<std::string>& words) {
  auto request = parse(words);
  if (!request.ok()) return fail(request.error());
  if (request->help) return std::fputs(kUsage, stdout) < 0;
  watch_interrupts();
  Scratch scratch;
  if (Status status = prepare(*request, scratch); !status.ok()) return fail(status.error());
  if (!request->print_command.empty()) {
    scratch.keep = true;
    return std::printf("%s\n", rig::command_text(request->vm, request->print_command).c_str()) < 0;
  }
  const auto code = supervise(*request);
  return code.ok() ? *code : fail(code.error());
}

}  // namespace pipit::cli
