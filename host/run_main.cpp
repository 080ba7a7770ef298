// pipit-run: the lean executable that starts applications. What needs large libraries (packages, ONNX models)
// it hands back to pipit.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstring>

#include "host/command_line.h"
#include "host/memory.h"

namespace pipit::host {
namespace {

volatile sig_atomic_t stop_requested = 0;
bool must_report = false;

/// Nothing of ours needs putting in order when a run is stopped, so it ends here and now, whatever the guest
/// does. With a report to print, the engine is left at its next pause instead.
void on_signal(int) {
  if (!must_report || stop_requested != 0) _exit(130);
  stop_requested = 1;
}

int fail(const support::Error& error) {
  std::fprintf(stderr, "pipit: %s\n", error.text.c_str());
  return 1;
}

/// What only the whole pipit can load: packages and folders that are to be built, and models that are yet to
/// be imported.
bool needs_pipit(const RunRequest& request) {
  struct stat app{};
  if (stat(request.app.c_str(), &app) == 0 && S_ISDIR(app.st_mode)) return true;
  for (const std::string& model : request.models)
    if (!model.ends_with(".pipm")) return true;
  return false;
}

/// Becomes the pipit executable beside this one.
int become_pipit(int argc, char** argv) {
  char self[PATH_MAX] = {};
  const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  const std::string folder = length > 0 ? std::string(self).substr(0, std::string(self).rfind('/')) : ".";
  const std::string program = folder + "/pipit";
  std::vector<char*> words = {const_cast<char*>(program.c_str()), const_cast<char*>("run-here")};
  words.insert(words.end(), argv + 1, argv + argc);
  words.push_back(nullptr);
  execv(program.c_str(), words.data());
  return fail(
      {Code::not_found, program + ": " + std::strerror(errno) + " (packages and ONNX models need it)"});
}

support::Status load(const RunRequest& request, RunOptions& options, std::vector<Mapping>& files) {
  constexpr usize kLimit = usize{1} << 30;
  options.name = request.app.substr(request.app.rfind('/') + 1);
  files.push_back(TRY(Mapping::file(request.app, kLimit)));
  options.mapped_module = files.back().memory();
  for (const std::string& text : request.models) {
    auto [name, path] = TRY(split_at_equals(text, "--model=NAME=FILE"));
    files.push_back(TRY(Mapping::file(path, kLimit)));
    const Bytes bytes = files.back().memory();
    options.models.push_back({name, std::vector<u8>(bytes.begin(), bytes.end())});
  }
  return apply(request, options);
}

void watch_signals() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

int run_command(int argc, char** argv) {
  auto request = parse_command_line({argv + 1, argv + argc});
  if (!request.ok()) return fail(request.error());
  if (request->help) return std::fputs(kRunUsage, stdout) < 0;
  if (needs_pipit(*request)) return become_pipit(argc, argv);
  RunOptions options;
  std::vector<Mapping> files;
  auto engine = make_engine(engine_options(*request, request->app));
  if (!engine.ok()) return fail(engine.error());
  options.engine = engine->get();
  if (auto status = load(*request, options, files); !status.ok()) return fail(status.error());
  CallLog calls(request->trace ? CallLog::Mode::trace : CallLog::Mode::count);
  const bool counts = request->profile || !request->profile_json.empty();
  if (counts || request->trace) options.calls = &calls;
  must_report = (request->report || counts) && (*engine)->pauses();
  if (must_report) options.interrupted = [] { return stop_requested != 0; };
  watch_signals();
  auto report = pipit::host::run(options);
  if (!report.ok()) return fail(report.error());
  print_end(*report, *request);
  return report->process_exit_code();
}

}  // namespace
}  // namespace pipit::host

int main(int argc, char** argv) { return pipit::host::run_command(argc, argv); }
