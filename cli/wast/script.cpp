#include "cli/wast/script.h"

#include <algorithm>
#include <filesystem>

#include "cli/wast/assembler.h"
#include "cli/wast/store.h"
#include "cli/wast/values.h"
#include "support/files.h"
#include "support/json.h"
#include "wasm/module_impl.h"

namespace pipit::wast {

namespace fs = std::filesystem;
using support::Json;
using support::text_at;

void Report::add(const Report& other) {
  passed += other.passed;
  failed += other.failed;
  skipped += other.skipped;
  refused_by_assembler += other.refused_by_assembler;
  failures.insert(failures.end(), other.failures.begin(), other.failures.end());
  for (const auto& [reason, count] : other.skip_reasons) skip_reasons[reason] += count;
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
  Runner(fs::path folder, const Backend& backend, const wasm::Limits& limits)
      : folder_(std::move(folder)), backend_(backend), limits_(limits) {}

  support::Status begin();
  void command(const std::string& source, const Json& command);
  Report report;

 private:
  support::Status check(const std::string& type, const Json& command);
  support::Status module(const Json& command);
  support::Status register_module(const Json& command);
  support::Status refused(const Json& command);
  void refused_text(const std::string& place, const Json& command);
  support::Status unlinkable(const Json& command);
  support::Status uninstantiable(const Json& command);
  support::Status returns(const Json& command);
  support::Status traps(const Json& command);

  support::Result<LoadedModule*> read(const Json& command);
  void forget();
  support::Result<wasm::Instance*> instance(const std::string& name);
  support::Result<Outcome> action(const Json& command);
  Outcome finish(wasm::Instance& instance);

  fs::path folder_;
  const Backend& backend_;
  wasm::Limits limits_;
  Store store_;
  std::vector<std::unique_ptr<LoadedModule>> modules_;
  std::map<std::string, wasm::Instance*> named_;
  wasm::Instance* current_ = nullptr;
  bool keeps_current_ = false;  ///< it has a name
};

support::Error failure(std::string text) { return {Code::invalid_argument, std::move(text)}; }

support::Status Runner::begin() {
  const Bytes bytes = spectest_module();
  modules_.push_back(TRY(LoadedModule::create({bytes.begin(), bytes.end()}, backend_)));
  LoadedModule& spectest = *modules_.back();
  TRY(spectest.load(limits_));
  TRY(spectest.instantiate(store_));
  store_.register_as("spectest", *spectest.instance());
  return {};
}

support::Result<LoadedModule*> Runner::read(const Json& command) {
  auto bytes = TRY(support::read_file((folder_ / text_at(command, {"filename"})).string()));
  modules_.push_back(TRY(LoadedModule::create(std::move(bytes), backend_)));
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

/// Gives back the address space of the last module where nothing can refer to it any more: it has no name and
/// imports nothing that it could have left a reference in. A script has hundreds.
void Runner::forget() {
  if (current_ == nullptr || keeps_current_) return;
  std::erase_if(modules_, [&](const auto& module) {
    return module->instance() == current_ && module->module().impl().import_count == 0 &&
           store_.remove_last(current_->impl());
  });
}

support::Status Runner::module(const Json& command) {
  forget();
  current_ = nullptr;
  keeps_current_ = !text_at(command, {"name"}).empty();
  LoadedModule* module = TRY(read(command));
  TRY(module->load(limits_));
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
  keeps_current_ = true;
  store_.register_as(text_at(command, {"as"}), *TRY(instance(text_at(command, {"name"}))));
  return {};
}

support::Status Runner::refused(const Json& command) {
  LoadedModule* module = TRY(read(command));
  const Status status = module->load(limits_);
  modules_.pop_back();
  if (status.ok()) return failure("accepted, expected: " + text_at(command, {"text"}));
  if (status.error().code != Code::malformed)
    return failure(std::string("refused as ") + code_name(status.error().code) + " (" +
                   status.error().message + "), expected: " + text_at(command, {"text"}));
  return {};
}

support::Status Runner::unlinkable(const Json& command) {
  LoadedModule* module = TRY(read(command));
  TRY(module->load(limits_));
  const support::Status status = module->instantiate(store_);
  if (status.ok()) return failure("linked, expected: " + text_at(command, {"text"}));
  if (!status.error().text.starts_with(text_at(command, {"text"})))
    return failure("refused as \"" + status.error().text + "\", expected: " + text_at(command, {"text"}));
  return {};
}

support::Status Runner::uninstantiable(const Json& command) {
  const std::string expected = text_at(command, {"text"});
  LoadedModule* module = TRY(read(command));
  TRY(module->load(limits_));
  const support::Status status = module->instantiate(store_);
  std::string actual;
  if (status.ok()) {
    TRY(module->instance()->start());
    actual = finish(*module->instance()).trap;
  } else {
    actual = status.error().text;
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
    const auto slots = wasm::global_value(global);
    return Outcome{wasm::RunState::finished, "", {slots.begin(), slots.end()}};
  }
  std::vector<wasm::Value> arguments;
  if (const Json* args = support::find(*action, {"args"}))
    for (const Json& json : *args) TRY(append_value(json, arguments));
  const u32 func = TRY(target->module().exported_function(field));
  TRY(target->start(func, arguments));
  return finish(*target);
}

support::Status Runner::returns(const Json& command) {
  const Outcome outcome = TRY(action(command));
  if (outcome.state != wasm::RunState::finished) return failure("trapped: " + outcome.trap);
  const std::span<const wasm::Value> results = outcome.results;
  if (const Json* either = support::find(command, {"either"})) {
    for (const Json& allowed : *either)
      if (results.size() == slots_of(text_at(allowed, {"type"})) && TRY(matches(allowed, results))) return {};
    return failure("the result is none of those allowed: " + support::dump(*either));
  }
  const Json* expected = support::find(command, {"expected"});
  if (expected == nullptr) return {};
  usize at = 0;
  for (const Json& json : *expected) {
    const std::string type = text_at(json, {"type"});
    const usize slots = slots_of(type);
    if (results.size() - at < slots) return failure("too few results");
    const auto actual = results.subspan(at, slots);
    if (!TRY(matches(json, actual)))
      return failure("a result is " + describe(type, actual) + ", expected " + support::dump(json));
    at += slots;
  }
  return at == results.size() ? support::Status{} : failure("too many results");
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

/// A malformed module in text form: the assembler must refuse it, because there the engine sees no module at
/// all.
void Runner::refused_text(const std::string& place, const Json& command) {
  const auto accepted = assembles((folder_ / text_at(command, {"filename"})).string());
  if (!accepted.ok()) {
    ++report.skipped;
    ++report.skip_reasons["module in text form, and no wat2wasm to assemble it: " + accepted.error().text];
  } else if (*accepted) {
    ++report.failed;
    report.failures.push_back(place + "assembled, expected: " + text_at(command, {"text"}));
  } else {
    ++report.passed;
    ++report.refused_by_assembler;
  }
}

void Runner::command(const std::string& source, const Json& command) {
  const std::string type = text_at(command, {"type"});
  const std::string place =
      source + ":" + std::to_string(support::int_at(command, {"line"})) + ": " + type + ": ";
  if (text_at(command, {"module_type"}) == "text") return refused_text(place, command);
  const support::Status status = check(type, command);
  if (status.ok()) {
    ++report.passed;
    return;
  }
  ++report.failed;
  report.failures.push_back(place + status.error().text);
}

}  // namespace

support::Result<Report> run_script(const std::string& path, const Backend& backend) {
  const auto bytes = TRY(support::read_file(path));
  auto json = support::parse_json(as_text(bytes));
  if (!json.ok()) return json.take_error().in(path);
  const Json* commands = support::find(*json, {"commands"});
  if (commands == nullptr || !commands->is_array())
    return support::Error(Code::malformed, path + ": not the output of wast2json: no \"commands\"");
  // 3.0 allows what 2.0's scripts assert to be invalid.
  const wasm::Limits limits = {.constants_read_own_globals = path.find("wasm-3.0/") != path.npos};
  Runner runner(fs::path(path).parent_path(), backend, limits);
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
    if (below.empty()) return support::Error(Code::not_found, path + ": no script (.json) in this folder");
    std::ranges::sort(below);
    scripts.insert(scripts.end(), below.begin(), below.end());
  }
  return scripts;
}

}  // namespace pipit::wast
