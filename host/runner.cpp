#include "host/runner.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "host/executors.h"
#include "host/memory.h"
#include "host/ports_sensor.h"
#include "host/ports_system.h"
#include "host/sockets.h"
#include "support/files.h"
#include "wasm/checkpoint.h"

namespace pipit::host {
namespace {

constexpr usize kMaxDescriptors = 256;
constexpr usize kModuleBytes = usize{1} << 30;  ///< what validation may compute
constexpr usize kMemoryBytes = usize{4} << 30;  ///< all a 32-bit memory can grow to

/// The ports of one run and the context over them.
struct World {
  SystemClock clock;
  SystemEntropy entropy;
  FdConsole out{STDOUT_FILENO}, err{STDERR_FILENO};
  FdInput in{STDIN_FILENO};
  ReplaySensor sensor{clock};
  NoTelemetry no_telemetry;
  std::unique_ptr<FileTelemetry> telemetry;
  std::unique_ptr<HostFiles> files;
  std::unique_ptr<HostSockets> sockets;
  std::vector<wasi::NamedModel> models;
  std::vector<std::string_view> arguments, environment;
  std::vector<wasi::Descriptor> descriptors{kMaxDescriptors};
  FastExecutors executors;
  wasi::Context context;
};

support::Status set_up(World& world, const RunOptions& options, Arena& arena) {
  for (const auto& model : options.models) {
    auto planned = nn::PlannedModel::load(model.data);
    if (!planned.ok()) return support::Error(planned.error()).in("model \"" + model.name + "\"");
    world.models.push_back({model.name, *planned});
  }
  for (const auto& sensor : options.sensors) world.sensor.add(sensor.name, sensor.frames);
  world.files = TRY(HostFiles::create(options.directories));
  if (options.network) world.sockets = TRY(HostSockets::create());
  if (!options.telemetry_file.empty()) world.telemetry = TRY(FileTelemetry::create(options.telemetry_file));
  world.arguments.push_back(options.name);
  for (const auto& text : options.arguments) world.arguments.push_back(text);
  for (const auto& text : options.environment) world.environment.push_back(text);

  wasi::Context& context = world.context;
  context.clock = &world.clock;
  context.entropy = &world.entropy;
  context.out = options.out != nullptr ? options.out : &world.out;
  context.err = options.err != nullptr ? options.err : &world.err;
  context.in = options.in != nullptr ? options.in : &world.in;
  context.files = world.files.get();
  context.sockets = world.sockets.get();
  context.descriptors = world.descriptors;
  context.sensor = &world.sensor;
  context.telemetry = &world.no_telemetry;
  if (world.telemetry != nullptr) context.telemetry = world.telemetry.get();
  context.importer = options.importer;
  if (!options.portable_kernels) context.executors = &world.executors;
  context.arguments = world.arguments;
  context.environment = world.environment;
  context.models = world.models;
  context.arena = &arena;
  return {};
}

support::Error explain_link_error(const Error& error, const wasm::ValidModule& module) {
  if (error.where >= module.import_count()) return error;
  const auto import = module.import(error.where);
  const std::string name = std::string(import.module) + "." + std::string(import.name);
  if (error.code == Code::not_found)
    return {error.code, "unknown import " + name + ": this platform offers nothing of that name"};
  if (error.code == Code::invalid_argument)
    return {error.code, "import " + name + " is declared with another type than it has"};
  return error;
}

/// Sleeps until the pending host function may have an answer, but never long.
void wait(World& world) {
  constexpr u64 kLongestNs = 50'000'000;
  const wasi::Context& context = world.context;
  if (context.computing) return;
  pollfd waits[] = {{STDIN_FILENO, POLLIN, 0},
                    {world.sockets != nullptr ? world.sockets->event_fd() : -1, POLLIN, 0}};
  u64 left_ns = kLongestNs;
  bool on_input = true;
  if (context.poll_started_ns != 0) {  // poll_oneoff, otherwise a read of standard input
    const u64 now_ns = world.clock.uptime_ns();
    left_ns = context.poll_deadline_ns > now_ns ? std::min(context.poll_deadline_ns - now_ns, kLongestNs) : 0;
    on_input = context.poll_reads_input;
  }
  const timespec left = {0, static_cast<long>(left_ns)};
  if (!on_input) waits[0].fd = -1;
  (void)ppoll(waits, std::size(waits), &left, nullptr);
  if (world.sockets != nullptr) world.sockets->refresh();
}

/// Fuel for a few milliseconds, learned from how long the slices before took.
class Slice {
 public:
  explicit Slice(bool needed) : fuel_(needed ? kFirst : ~u64{0}), needed_(needed) {}
  u64 fuel() const { return fuel_; }
  void learn(u64 took_ns) {
    if (!needed_) return;
    if (took_ns < kShortNs && fuel_ < kMost) fuel_ *= 2;
    if (took_ns > kLongNs && fuel_ > kLeast) fuel_ /= 2;
  }

 private:
  static constexpr u64 kFirst = 50'000, kLeast = 64, kMost = u64{1} << 32, kShortNs = 1'500'000,
                       kLongNs = 4'000'000;
  u64 fuel_;
  bool needed_;
};

support::Status write_checkpoint(wasm::Instance& instance, const std::string& path) {
  std::vector<u8> bytes;
  const wasm::CodeSink sink = {[](void* context, Bytes more) {
                                 auto& all = *static_cast<std::vector<u8>*>(context);
                                 all.insert(all.end(), more.begin(), more.end());
                                 return true;
                               },
                               &bytes};
  if (auto status = wasm::checkpoint(instance, sink); !status.ok())
    return support::Error(status.error()).in("cannot write a checkpoint");
  return support::write_file(path, bytes);
}

support::Status restore_file(wasm::Instance& instance, const std::string& path) {
  constexpr usize kScratchBytes = usize{64} << 20;
  const Mapping file = TRY(Mapping::file(path, usize{8} << 30));
  const Mapping memory = TRY(Mapping::reserve(kScratchBytes));
  Arena scratch(memory.memory());
  auto status = wasm::restore(instance, file.memory(), scratch);
  if (!status.ok()) return support::Error(status.error()).in(path);
  return {};
}

std::string call_stack(wasm::Instance& instance, const RunOptions& options) {
  if (options.engine == nullptr) return {};
  std::vector<CallFrame> frames = options.engine->callers(instance);
  frames.insert(frames.begin(), {instance.trap().func, instance.trap().offset});
  return format_call_stack(frames, instance.module());
}

/// Fuel that may be spent before something is to be looked at.
u64 next_fuel(u64 used, const RunOptions& options, const Slice& slice) {
  if (options.calls != nullptr) return 1;
  u64 fuel = std::min(slice.fuel(), options.fuel - used);
  if (!options.checkpoint_file.empty() && used < options.checkpoint_after)
    fuel = std::min(fuel, options.checkpoint_after - used);
  return fuel;
}

/// Runs until the program ends, its fuel is used up, or somebody wants it to stop.
RunReport drive(wasm::Instance& instance, World& world, const RunOptions& options) {
  RunReport report;
  using wasm::RunState;
  Slice slice(static_cast<bool>(options.interrupted));
  for (;;) {
    if (options.interrupted && options.interrupted()) {
      report.end = RunReport::End::interrupted;
      return report;
    }
    const u64 used = instance.fuel_used();
    if (used >= options.fuel) {
      report.end = RunReport::End::out_of_fuel;
      return report;
    }
    if (!options.checkpoint_file.empty() && used >= options.checkpoint_after) {
      report.end = RunReport::End::checkpointed;
      return report;
    }
    const u64 started_ns = world.clock.uptime_ns();
    const RunState state = instance.resume(next_fuel(used, options, slice));
    slice.learn(world.clock.uptime_ns() - started_ns);
    switch (state) {
      case RunState::pending: wait(world); break;
      case RunState::trapped:
        report.end = RunReport::End::trapped;
        report.trap = describe(instance.trap(), instance.module());
        report.call_stack = call_stack(instance, options);
        return report;
      case RunState::exited:
        report.end = RunReport::End::exited;
        report.exit_code = instance.exit_code();
        return report;
      case RunState::idle:
      case RunState::finished: return report;
      case RunState::paused:
        if (options.calls != nullptr)
          options.calls->step(options.engine->last_step(instance), instance.module());
        break;
    }
  }
}

}  // namespace

int RunReport::process_exit_code() const {
  switch (end) {
    case End::returned: return 0;
    case End::exited: return static_cast<int>(exit_code & 0xFF);
    case End::trapped: return 134;
    case End::out_of_fuel: return 124;
    case End::interrupted: return 130;
    case End::checkpointed: return 0;
  }
  return 1;
}

std::string describe(const wasm::Trap& trap, const wasm::ValidModule& module) {
  const std::string_view function = module.function_name(trap.func);
  char where[64];
  std::snprintf(where, sizeof where, "function %u) at offset 0x%x", trap.func, trap.offset);
  std::string text = std::string(wasm::trap_text(trap.kind)) + " in ";
  text += function.empty() ? std::string("an unnamed function") : std::string(function);
  return text + " (" + where;
}

support::Result<RunReport> run(const RunOptions& options) {
  if (options.calls != nullptr && (options.engine == nullptr || !options.engine->steps()))
    return support::Error(Code::unsupported, "calls are counted and traced by --engine=in-place only");
  const Mapping module_memory = TRY(Mapping::reserve(kModuleBytes));
  const Mapping instance_memory =
      TRY(Mapping::reserve(kMemoryBytes + options.stack_bytes + (usize{64} << 20)));
  const Mapping model_memory = TRY(Mapping::reserve(options.arena_bytes));
  Arena module_arena(module_memory.memory()), instance_arena(instance_memory.memory());
  Arena model_arena(model_memory.memory());

  const Bytes bytes = options.mapped_module.empty() ? Bytes(options.module) : options.mapped_module;
  const bool known = options.engine != nullptr && TRY(options.engine->find(bytes));
  auto module = known ? wasm::ValidModule::load_known(bytes, module_arena)
                      : wasm::ValidModule::load(bytes, module_arena);
  if (!module.ok()) return support::Error(module.error()).in(options.name);
  const auto start = module->exported_function("_start");
  if (!start.ok())
    return support::Error(Code::invalid_argument,
                          options.name + ": exports no function _start, so it is not a WASI command");

  World world;
  TRY(set_up(world, options, model_arena));
  const wasi::HostTables tables(world.context);
  wasm::InstanceConfig config = {
      .memory_bytes = options.memory_bytes, .zeroed_arena = true, .stack_bytes = options.stack_bytes};
  if (options.engine != nullptr) TRY(options.engine->configure(*module, module_arena, config));
  auto instance = wasm::Instance::create(*module, tables.span(), config, instance_arena);
  if (!instance.ok()) return explain_link_error(instance.error(), *module).in(options.name);
  if (!options.resume_file.empty()) {
    TRY(restore_file(**instance, options.resume_file));
  } else if (auto status = (*instance)->start(*start); !status.ok()) {
    return support::Error(status.error()).in(options.name);
  }

  RunReport report = drive(**instance, world, options);
  if (report.end == RunReport::End::checkpointed) TRY(write_checkpoint(**instance, options.checkpoint_file));
  if (options.calls != nullptr) {
    report.profile = options.calls->table(*module);
    report.profile_json = options.calls->json(*module);
  }
  report.fuel_used = (*instance)->fuel_used();
  report.inference_ns = world.context.inference_instructions;
  report.stack_peak_bytes = (*instance)->stack_high_water();
  report.memory_bytes = static_cast<u32>((*instance)->memory().size());
  report.arena_peak_bytes = model_arena.high_water();
  return report;
}

}  // namespace pipit::host
