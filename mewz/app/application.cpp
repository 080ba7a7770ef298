#include "mewz/app/application.h"

#include <algorithm>
#include <new>
#include <optional>

#include "mewz/app/inference.h"
#include "mewz/app/native_code.h"
#include "mewz/app/report.h"
#include "mewz/clock.h"
#include "mewz/cpu/cpu.h"
#include "mewz/devices/power.h"
#include "mewz/devices/uart16550.h"
#include "mewz/entropy.h"
#include "mewz/files/archive.h"
#include "mewz/interrupts/fault.h"
#include "mewz/interrupts/watchdog.h"
#include "mewz/log.h"
#include "mewz/memory/kernel_map.h"
#include "wasi/tables.h"
#include "wasm/module.h"
#include "wasm/module_impl.h"

namespace pipit::mewz {
namespace {

constexpr u64 kFuelSlice = 200'000;  // between two looks at the network: below a millisecond natively
constexpr usize kModuleBytes = usize{1} << 30, kModelBytes = usize{1} << 30;
constexpr usize kLinearBytes = usize{4} << 30, kInstanceSlack = usize{64} << 20;
constexpr usize kKernelShare = usize{512} << 10;  // of memory that a growing application leaves alone
constexpr u32 kMaxDescriptors = 256;
constexpr u32 kWasmPage = 65536;

constexpr u64 kSettledNs = 1'000'000'000;

template <class T>
T require(const AppImage& image, Result<T> result) {
  if (!result.ok()) refuse(image, result.error());
  return std::move(result).value();
}

MutBytes reserve(const AppImage& image, usize bytes) {
  return require(image, Reservation::create(bytes))->memory();
}

/// Between two slices of the application. What is said is not said into a line of its.
void look_around() {
  clock().refine();
  if (!running().announced && clock().uptime_ns() > kSettledNs && console().at_line_start()) announce();
}

[[noreturn]] void end(u32 code) {
  const u64 ran = cpu::read_tsc() - running().ready_tsc;
  announce();
  if (running().traced) Line() << "time stamp counts while it ran: " << ran;
  stop(code);
}

/// Sleeps until the next interrupt: a device's, or the tick.
void idle(const AppPorts& ports) {
  watchdog::feed();
  if (ports.service != nullptr && ports.service()) return;
  // With interrupts off, so that none slips in between the look and the sleep.
  cpu::disable_interrupts();
  if (ports.waiting == nullptr || !ports.waiting())
    cpu::wait_for_interrupt();
  else
    cpu::enable_interrupts();
}

/// `sliced`: resume() comes back after a slice of fuel. Native code need not, and may compute as long as it
/// likes.
[[noreturn]] void drive(wasm::Instance& instance, const wasi::Context& context, const AppPorts& ports,
                        bool sliced) {
  using wasm::RunState;
  for (;;) {
    watchdog::feed(sliced ? watchdog::kPatienceMs : 0);
    switch (instance.resume(kFuelSlice)) {
      case RunState::pending:
        look_around();
        if (!context.computing) idle(ports);
        break;
      case RunState::paused:
        look_around();
        if (ports.service != nullptr) ports.service();
        break;
      case RunState::trapped: print_trap(instance); end(static_cast<u32>(StopCode::trap));
      case RunState::exited:
        if (ports.tell != nullptr) ports.tell("end");
        end(instance.exit_code());
      case RunState::idle:
      case RunState::finished:
        if (ports.tell != nullptr) ports.tell("end");
        end(0);
    }
  }
}

constexpr u32 kMaxModels = 16;

/// Where find_models() keeps what it found.
struct Models {
  alignas(wasi::NamedModel) u8 memory[kMaxModels * sizeof(wasi::NamedModel)];
  char names[kMaxModels][64];
  u32 count;
};
constinit Models g_models{};

void find_models(const AppImage& image, Bytes archive) {
  auto* const models = reinterpret_cast<wasi::NamedModel*>(g_models.memory);
  ArchiveReader reader(archive);
  ArchiveMember member;
  while (require(image, reader.next(member))) {
    std::string_view name = member.name();
    if (member.kind != ArchiveMember::Kind::file || !name.ends_with(kModelSuffix)) continue;
    name.remove_suffix(kModelSuffix.size());
    name.remove_prefix(name.rfind('/') + 1);
    const u32 at = g_models.count;
    if (at == kMaxModels) refuse(image, {Code::out_of_range, "more models than 16"});
    const auto model = nn::PlannedModel::load(member.data);
    if (!model.ok()) {
      Line() << member.name() << ": " << model.error();
      stop(StopCode::bad_input);
    }
    new (&models[at]) wasi::NamedModel{{g_models.names[at], copy_text(g_models.names[at], name)}, *model};
    ++g_models.count;
  }
}

/// The archives' planned models, by file name without folder and suffix, for load_by_name. They stay where
/// they lie.
std::span<const wasi::NamedModel> find_models(const AppImage& image) {
  if (image.has_models)
    for (const Bytes archive : image.archive_span()) find_models(image, archive);
  return {reinterpret_cast<const wasi::NamedModel*>(g_models.memory), g_models.count};
}

/// argv[0], then what the command line says.
struct Arguments {
  std::string_view words[CommandLine::kMaxArguments + 1];
  u32 count = 0;
};

void fill(wasi::Context& context, const AppImage& image, const CommandLine& command, const AppPorts& ports) {
  static Arguments arguments;
  static wasi::Descriptor descriptors[kMaxDescriptors];
  static FastExecutors executors;
  arguments.words[arguments.count++] = image.name;
  for (u32 i = 0; i < command.argument_count; ++i) arguments.words[arguments.count++] = command.arguments[i];
  context.clock = &clock();
  context.entropy = &entropy();
  context.out = ports.out;
  context.err = ports.err;
  context.in = ports.in;
  context.files = ports.files;
  context.sockets = ports.sockets;
  context.descriptors = descriptors;
  context.arguments = {arguments.words, arguments.count};
  context.environment = {command.environment, command.environment_count};
  context.models = find_models(image);
  context.executors = &executors;
}

/// Pages that memory.grow may reach: what is free, less what the kernel wants for itself.
u32 most_pages() {
  const usize free = pages().free_bytes();
  const usize most = free > kKernelShare ? (free - kKernelShare) / kWasmPage : 0;
  return most < 65'536 ? static_cast<u32>(most) : 65'536;
}

/// Decoded and validated, or, where there is native code, as that code's record says: that is known sooner.
wasm::ValidModule load_module(const AppImage& image, const CpuFeatures& cpu, Arena& arena,
                              std::optional<wasm::native::NativeCode>& native) {
  if (image.native.empty()) return require(image, wasm::ValidModule::load(image.module, arena));
  const auto loaded = require(image, load_native_alone(image.native, image.module, cpu, arena));
  native.emplace(loaded.native, &native_faults());
  return loaded.module;
}

/// The application in an instance, and its first function: as the native module's record says, or step by
/// step.
wasm::native::Recorded instantiate(const AppImage& image, const wasm::ValidModule& module,
                                   const wasi::HostTables& tables, const wasm::InstanceConfig& config,
                                   Arena& arena) {
  if (config.code != nullptr) {
    const auto made = require(
        image, wasm::native::create_recorded(module, {tables.span(), wasi::tables_id()}, config, arena));
    if (made.instance != nullptr && made.entry != wasm::kNone) return made;
  }
  const u32 entry = require(image, module.exported_function("_start"));
  auto instance = wasm::Instance::create(module, tables.span(), config, arena);
  if (!instance.ok()) explain_link_error(image, module, instance.error());
  return {*instance, entry};
}

}  // namespace

void run_application(const AppImage& image, const CommandLine& command, const AppPorts& ports,
                     const Machine& machine) {
  Arena module_arena(reserve(image, kModuleBytes)), model_arena(reserve(image, kModelBytes));
  Arena instance_arena(reserve(image, kLinearBytes + command.stack_bytes + kInstanceSlack));
  static constinit std::optional<wasm::native::NativeCode> native;
  const wasm::ValidModule module = load_module(image, machine.cpu, module_arena, native);
  static constinit wasi::Context context;
  choose_kernels(machine.cpu);
  fill(context, image, command, ports);
  context.arena = &model_arena;
  const wasi::HostTables tables(context);
  wasm::InstanceConfig config = {.memory_bytes = 0,
                                 .zeroed_arena = true,
                                 .max_memory_pages = most_pages(),
                                 .stack_bytes = command.stack_bytes};
  if (native) {
    config.engine = &wasm::kNativeEngine;
    config.code = &*native;
    config.memory_space = &guarded_memories();
  }
  const auto [instance, entry] = instantiate(image, module, tables, config, instance_arena);
  if (const Status status = instance->start(entry); !status.ok()) refuse(image, status.error());
  running() = {instance,        &image, &machine,     native ? &*native : nullptr,
               cpu::read_tsc(), false,  command.trace};
  set_application_report(describe_application);
  if (ports.tell != nullptr) ports.tell("begin");
  drive(*instance, context, ports, image.native.empty());
}

}  // namespace pipit::mewz
