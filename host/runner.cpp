#include "host/runner.h"

#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "host/ports_sensor.h"
#include "host/ports_system.h"

namespace pipit::host {
namespace {

constexpr u64 kFuelSlice = 5'000'000;  ///< between two looks at `interrupted`: a few tens of milliseconds
constexpr usize kMaxDescriptors = 256;
constexpr usize kModuleBytes = usize{1} << 30;  ///< what validation may compute
constexpr usize kMemoryBytes = usize{4} << 30;  ///< all a 32-bit memory can grow to

/// Address space that costs memory only where it is used, so that linear memory can grow in place.
class Reservation {
 public:
  static support::Result<Reservation> create(usize bytes) {
    void* at =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
      return support::Error(Code::out_of_memory, "cannot reserve " + std::to_string(bytes) + " bytes");
    return Reservation({static_cast<u8*>(at), bytes});
  }
  Reservation(Reservation&& other) noexcept : memory_(std::exchange(other.memory_, {})) {}
  Reservation& operator=(Reservation&&) = delete;
  ~Reservation() {
    if (!memory_.empty()) munmap(memory_.data(), memory_.size());
  }
  MutBytes memory() const { return memory_; }

 private:
  explicit Reservation(MutBytes memory) : memory_(memory) {}
  MutBytes memory_;
};

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
  std::vector<wasi::NamedModel> models;
  std::vector<std::string_view> arguments, environment;
  std::vector<wasi::Descriptor> descriptors{kMaxDescriptors};
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
  context.descriptors = world.descriptors;
  context.sensor = &world.sensor;
  context.telemetry = &world.no_telemetry;
  if (world.telemetry != nullptr) context.telemetry = world.telemetry.get();
  context.importer = options.importer;
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
  constexpr int kLongestMs = 50, kPollMs = 10;
  const wasi::Context& context = world.context;
  if (context.computing) return;
  if (context.poll_started_ns == 0) {  // a read of standard input
    pollfd input = {STDIN_FILENO, POLLIN, 0};
    (void)poll(&input, 1, kLongestMs);
    return;
  }
  const u64 now_ms = world.clock.uptime_ms();
  const u64 then_ms = context.poll_deadline_ns / 1'000'000;
  const u64 left_ms = then_ms > now_ms ? then_ms - now_ms : 1;
  (void)poll(nullptr, 0, static_cast<int>(std::min<u64>(left_ms, kPollMs)));
}

/// Runs until the program ends, its fuel is used up, or somebody wants it to stop.
RunReport drive(wasm::Instance& instance, World& world, const RunOptions& options) {
  RunReport report;
  using wasm::RunState;
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
    switch (instance.resume(std::min(kFuelSlice, options.fuel - used))) {
      case RunState::pending: wait(world); break;
      case RunState::trapped:
        report.end = RunReport::End::trapped;
        report.trap = describe(instance.trap(), instance.module());
        return report;
      case RunState::exited:
        report.end = RunReport::End::exited;
        report.exit_code = instance.exit_code();
        return report;
      case RunState::idle:
      case RunState::finished: return report;
      case RunState::paused: break;
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
  const Reservation module_memory = TRY(Reservation::create(kModuleBytes));
  const Reservation instance_memory =
      TRY(Reservation::create(kMemoryBytes + options.stack_bytes + (usize{64} << 20)));
  const Reservation model_memory = TRY(Reservation::create(options.arena_bytes));
  Arena module_arena(module_memory.memory()), instance_arena(instance_memory.memory());
  Arena model_arena(model_memory.memory());

  auto module = wasm::ValidModule::load(options.module, module_arena);
  if (!module.ok()) return support::Error(module.error()).in(options.name);
  const auto start = module->exported_function("_start");
  if (!start.ok())
    return support::Error(Code::invalid_argument,
                          options.name + ": exports no function _start, so it is not a WASI command");

  World world;
  TRY(set_up(world, options, model_arena));
  const wasi::HostTables tables(world.context);
  const wasm::InstanceConfig config = {
      .memory_bytes = options.memory_bytes, .zeroed_arena = true, .stack_bytes = options.stack_bytes};
  auto instance = wasm::Instance::create(*module, tables.span(), config, instance_arena);
  if (!instance.ok()) return explain_link_error(instance.error(), *module).in(options.name);
  if (auto status = (*instance)->start(*start); !status.ok())
    return support::Error(status.error()).in(options.name);

  RunReport report = drive(**instance, world, options);
  report.fuel_used = (*instance)->fuel_used();
  report.inference_ns = world.context.inference_instructions;
  report.stack_peak_bytes = (*instance)->stack_high_water();
  report.memory_bytes = static_cast<u32>((*instance)->memory().size());
  report.arena_peak_bytes = model_arena.high_water();
  return report;
}

}  // namespace pipit::host
