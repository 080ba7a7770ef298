#include "cli/wast/script.h"

#include <algorithm>
#include <filesystem>

#include "cli/wast/store.h"
#include "cli/wast/values.h"
#include "support/files.h"
#include "support/json.h"

namespace pipit::wast {

namespace fs = std::filesystem;
using support::Json;
using support::text_at;

void Report::add(const Report& other) {
  passed += other.passed;
  failed += other.failed;
  skipped += other.skipped;
  failures.insert(failures.end(), other.failures.begin(), other.failures.end());
  for (const auto& [reason, count] : other.skip_reasons) skip_reasons[reason] += count;
}

std::string skip_reason(const std::string& path) {
  struct Rule {
    const char* part;
    const char* reason;
  };
  static constexpr Rule kRules[] = {
      {"/simd_", "SIMD is not supported"},
      {"relaxed", "relaxed SIMD is not supported"},
      {"/return_call", "tail calls are not supported"},
      {"wasm-3.0/", "WebAssembly 3.0 (extended constant expressions) is not supported"},
  };
  for (const Rule& rule : kRules)
    if (("/" + path).find(rule.part) != std::string::npos) return rule.reason;
  return {};
}

namespace {

/// What became of a call.
struct Outcome {
  wasm::RunState state = wasm::RunState::trapped;
  std::string trap;
  std::vector<wasm::Value> results;
};

bool same_trap(const std::string& expected, const std::string& actual) {
  return !actual.empty() && (expected.starts_with(actual) || actual.starts_with(expected));
}

class Runner {
 public:
  explicit Runner(fs::path folder) : folder_(std::move(folder)) {}

  support::Status begin();
  void command(const std::string& source, const Json& command);
  Report report;

 private:
  support::Status check(const std::string& type, const Json& command);
  support::Status module(const Json& command);
  support::Status register_module(const Json& command);
  support::Status refused(const Json& command);
  support::Status unlinkable(const Json& command);
  support::Status uninstantiable(const Json& command);
  support::Status returns(const Json& command);
  support::Status traps(const Json& command);

  support::Result<LoadedModule*> read(const Json& command);
  support::Result<wasm::Instance*> instance(const std::string& name);
  support::Result<Outcome> action(const Json& command);
  Outcome finish(wasm::Instance& instance);

  fs::path folder_;
  Store store_;
  std::vector<std::unique_ptr<LoadedModule>> modules_;
  std::map<std::string, wasm::Instance*> named_;
  wasm::Instance* current_ = nullptr;
};

support::Error failure(std::string text) { return {Code::invalid_argument, std::move(text)}; }

support::Status Runner::begin() {
  const Bytes bytes = spectest_module();
  modules_.push_back(TRY(LoadedModule::create({bytes.begin(), bytes.end()})));
  LoadedModule& spectest = *modules_.back();
  TRY(spectest.load());
  TRY(spectest.instantiate(store_));
  store_.register_as("spectest", *spectest.instance());
  return {};
}

support::Result<LoadedModule*> Runner::read(const Json& command) {
  auto bytes = TRY(support::read_file((folder_ / text_at(command, {"filename"})).string()));
  modules_.push_back(TRY(LoadedModule::create(std::move(bytes))));
  return modules_.back().get();
}

support::Result<wasm::Instance*> Runner::instance(const std::string& name) {
  wasm::Instance* found = current_;
  if (!name.empty()) {
    const auto entry = named_.find(name);
    found = entry == named_.end() ? nullptr : entry->second;
  }
  if (found == nullptr) return failure("no module " + name);
  return found;
}

Outcome Runner::finish(wasm::Instance& instance) {
  Outcome outcome;
  outcome.state = instance.resume();
  if (outcome.state == wasm::RunState::trapped) outcome.trap = wasm::trap_text(instance.trap().kind);
  outcome.results.assign(instance.results().begin(), instance.results().end());
  return outcome;
}

support::Status Runner::module(const Json& command) {
  current_ = nullptr;
  LoadedModule* module = TRY(read(command));
  TRY(module->load());
  TRY(module->instantiate(store_));
  TRY(module->instance()->start());
  const Outcome outcome = finish(*module->instance());
  if (outcome.state != wasm::RunState::finished) return failure("start function: " + outcome.trap);
  current_ = module->instance();
  const std::string name = text_at(command, {"name"});
  if (!name.empty()) named_[name] = current_;
  return {};
}

support::Status Runner::register_module(const Json& command) {
  store_.register_as(text_at(command, {"as"}), *TRY(instance(text_at(command, {"name"}))));
  return {};
}

support::Status Runner::refused(const Json& command) {
  LoadedModule* module = TRY(read(command));
  const Status status = module->load();
  if (status.ok()) return failure("accepted, expected: " + text_at(command, {"text"}));
  if (status.error().code != Code::malformed)
    return failure(std::string("refused as ") + code_name(status.error().code) + " (" +
                   status.error().message + "), expected: " + text_at(command, {"text"}));
  return {};
}

support::Status Runner::unlinkable(const Json& command) {
  LoadedModule* module = TRY(read(command));
  TRY(module->load());
  const Status status = module->instantiate(store_);
  if (status.ok()) return failure("linked, expected: " + text_at(command, {"text"}));
  if (!std::string(status.error().message).starts_with(text_at(command, {"text"})))
    return failure(std::string("refused as \"") + status.error().message +
                   "\", expected: " + text_at(command, {"text"}));
  return {};
}

support::Status Runner::uninstantiable(const Json& command) {
  const std::string expected = text_at(command, {"text"});
  LoadedModule* module = TRY(read(command));
  TRY(module->load());
  const Status status = module->instantiate(store_);
  std::string actual;
  if (status.ok()) {
    TRY(module->instance()->start());
    actual = finish(*module->instance()).trap;
  } else {
    actual = status.error().message;
  }
  if (!same_trap(expected, actual)) return failure("got \"" + actual + "\", expected: " + expected);
  return {};
}

support::Result<Outcome> Runner::action(const Json& command) {
  const Json* action = support::find(command, {"action"});
  if (action == nullptr) return failure("command without an action");
  wasm::Instance* target = TRY(instance(text_at(*action, {"module"})));
  const std::string field = text_at(*action, {"field"});
  if (text_at(*action, {"type"}) == "get") {
    const wasm::Extern global = TRY(wasm::find_export(*target, field));
    return Outcome{wasm::RunState::finished, "", {wasm::global_value(global)}};
  }
  std::vector<wasm::Value> arguments;
  if (const Json* args = support::find(*action, {"args"}))
    for (const Json& json : *args) arguments.push_back(TRY(parse_value(json)));
  const u32 func = TRY(target->module().exported_function(field));
  TRY(target->start(func, arguments));
  return finish(*target);
}

support::Status Runner::returns(const Json& command) {
  const Outcome outcome = TRY(action(command));
  if (outcome.state != wasm::RunState::finished) return failure("trapped: " + outcome.trap);
  const Json* expected = support::find(command, {"expected"});
  if (expected == nullptr) return {};
  if (expected->size() != outcome.results.size()) return failure("wrong number of results");
  for (usize i = 0; i < expected->size(); ++i)
    if (!TRY(matches((*expected)[i], outcome.results[i])))
      return failure("result " + std::to_string(i) + " is " +
                     describe(text_at((*expected)[i], {"type"}), outcome.results[i]) + ", expected " +
                     support::dump((*expected)[i]));
  return {};
}

support::Status Runner::traps(const Json& command) {
  const std::string expected = text_at(command, {"text"});
  const Outcome outcome = TRY(action(command));
  if (outcome.state != wasm::RunState::trapped) return failure("returned, expected a trap: " + expected);
  if (!same_trap(expected, outcome.trap))
    return failure("trapped with \"" + outcome.trap + "\", expected: " + expected);
  return {};
}

support::Status Runner::check(const std::string& type, const Json& command) {
  if (type == "module") return module(command);
  if (type == "register") return register_module(command);
  if (type == "assert_malformed" || type == "assert_invalid") return refused(command);
  if (type == "assert_unlinkable") return unlinkable(command);
  if (type == "assert_uninstantiable") return uninstantiable(command);
  if (type == "assert_return") return returns(command);
  if (type == "assert_trap" || type == "assert_exhaustion") return traps(command);
  if (type == "action") {
    const Outcome outcome = TRY(action(command));
    return outcome.state == wasm::RunState::finished ? support::Status{}
                                                     : failure("trapped: " + outcome.trap);
  }
  return support::Error(Code::unsupported, "command " + type);
}

void Runner::command(const std::string& source, const Json& command) {
  const std::string type = text_at(command, {"type"});
  if (text_at(command, {"module_type"}) == "text") {
    ++report.skipped;
    ++report.skip_reasons["module in text form: concerns a text parser"];
    return;
  }
  const support::Status status = check(type, command);
  if (status.ok()) {
    ++report.passed;
    return;
  }
  ++report.failed;
  report.failures.push_back(source + ":" + std::to_string(support::int_at(command, {"line"})) + ": " + type +
                            ": " + status.error().text);
}

u32 count_commands(const Json& commands) { return static_cast<u32>(commands.size()); }

}  // namespace

support::Result<Report> run_script(const std::string& path) {
  const auto bytes = TRY(support::read_file(path));
  auto json = support::parse_json(as_text(bytes));
  if (!json.ok()) return json.take_error().in(path);
  const Json* commands = support::find(*json, {"commands"});
  if (commands == nullptr || !commands->is_array())
    return support::Error(Code::malformed, path + ": not the output of wast2json: no \"commands\"");
  if (const std::string reason = skip_reason(path); !reason.empty()) {
    Report skipped;
    skipped.skipped = skipped.skip_reasons[reason] = count_commands(*commands);
    return skipped;
  }
  Runner runner(fs::path(path).parent_path());
  TRY(runner.begin());
  const std::string source = text_at(*json, {"source_filename"}, path);
  for (const Json& command : *commands) runner.command(source, command);
  return std::move(runner.report);
}

support::Result<std::vector<std::string>> find_scripts(const std::vector<std::string>& paths) {
  std::vector<std::string> scripts;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      scripts.push_back(path);
      continue;
    }
    std::vector<std::string> below;
    for (fs::recursive_directory_iterator it(path, error), end; it != end && !error; it.increment(error))
      if (it->path().extension() == ".json") below.push_back(it->path().string());
    if (error) return support::Error(Code::io, path + ": " + error.message());
    std::ranges::sort(below);
    scripts.insert(scripts.end(), below.begin(), below.end());
  }
  return scripts;
}

}  // namespace pipit::wast
