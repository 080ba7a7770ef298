#include "agent/app.h"

#include <algorithm>
#include <cstring>

#include "agent/import_check.h"

namespace pipit::agent {

using link::AppState;
using link::Reason;

namespace {
constexpr usize kDescriptors = 3;  // standard input, output and error; a device has no files
}

void LineConsole::write(Bytes text) {
  for (const u8 byte : text) {
    const bool end = byte == '\n';
    if (!end) line_.data[line_.size++] = static_cast<char>(byte);
    if (end || line_.size == sizeof line_.data) {
      app_.host().print(app_, error_, line_.view());
      line_.size = 0;
    }
  }
}

void LineConsole::flush() {
  if (line_.size != 0) app_.host().print(app_, error_, line_.view());
  line_.size = 0;
}

App::App(u32 index, MutBytes memory, ports::Clock& clock, ports::Entropy& entropy, AppHost& host,
         Platform* platform, const NativeSupport& native)
    : index_(index),
      host_(host),
      arena_(memory),
      out_(*this, false),
      err_(*this, true),
      clock_(clock),
      entropy_(entropy),
      platform_(platform),
      native_(native) {}

void App::clear() {
  end(AppState::none);
  arena_.reset();
  launch_ = {};
  manifest_ = {};
  failure_ = {};
  exit_code_ = 0;
  lines_ = 0;
}

void App::end(AppState state) {
  if (instance_ != nullptr) {
    out_.flush();
    err_.flush();
  }
  instance_ = nullptr;
  if (equipped_) platform_->retire(index_, state == AppState::failed);
  equipped_ = false;
  context_ = {};
  models_ = {};
  waiting_for_frame_ = runs_native_ = false;
  state_ = state;
}

void App::fail(Reason why, const Error& error) {
  failure_.set(why, error);
  end(AppState::failed);
}

void App::fail(Reason why, std::string_view message) {
  failure_.set(why) << message;
  end(AppState::failed);
}

bool App::adopt(const link::Desired& desired, Bytes manifest) {
  clear();
  launch_.package = sha256(manifest);
  link::Desired launch = desired;
  launch.manifest = {};
  // Encoded in place: the launch begins the arena and stays there as long as the application is known.
  const usize room = std::min<usize>(arena_.capacity() / 2, Store::kMaxLaunchBytes);
  u8* const at = static_cast<u8*>(arena_.allocate(room, 1));
  auto encoded = link::encode(launch, {at, room});
  const bool fits = encoded.ok();
  if (!fits) {
    launch.argument_count = launch.environment_count = 0;  // whose it is must still be known, to be told of
    encoded = link::encode(launch, {at, room});
  }
  launch_.encoded = *encoded;
  if (const Status status = link::decode(launch_.encoded, launch_.desired); !status.ok()) {
    fail(Reason::unsupported_arguments, status.error());
    return false;
  }
  arena_.rewind(launch_.encoded.size());
  if (!fits) {
    fail(Reason::unsupported_arguments, "arguments and environment are longer than this device can keep");
    return false;
  }
  launch_mark_ = arena_.mark();
  auto copy = arena_.make_array<u8>(manifest.size());
  if (!copy.ok()) {
    fail(Reason::out_of_memory, copy.error());
    return false;
  }
  std::copy(manifest.begin(), manifest.end(), copy->begin());
  manifest_ = *copy;
  link::Manifest decoded;
  if (const Status status = link::decode(manifest_, decoded); !status.ok()) {
    fail(Reason::invalid_manifest, status.error());
    return false;
  }
  launch_.name.assign(decoded.name);
  launch_.version.assign(decoded.version);
  return true;
}

bool App::check(const Store& store) {
  link::Manifest manifest;
  if (const Status status = store.decode(manifest_, manifest); !status.ok()) {
    fail(Reason::invalid_manifest, status.error());
    return false;
  }
  u32 modules = 0;
  for (u32 i = 0; i < manifest.blob_count; ++i) modules += manifest.blobs[i].kind == link::BlobKind::module;
  if (modules != 1 || manifest.memory_bytes == 0) {
    fail(Reason::invalid_manifest, modules != 1 ? "a package has exactly one module" : "memory_bytes is 0");
    return false;
  }
  const u64 need = u64{manifest.memory_bytes} + manifest.stack_bytes + manifest.arena_bytes + launch_mark_;
  if (need > arena_.capacity()) {
    failure_.set(Reason::out_of_memory)
        << "the application needs " << need << " bytes of RAM, this device has "
        << static_cast<u64>(arena_.capacity());
    end(AppState::failed);
    return false;
  }
  if (Store::blobs_bytes(manifest) > store.slot_capacity()) {
    failure_.set(Reason::out_of_memory)
        << "the package needs " << Store::blobs_bytes(manifest)
        << " bytes of flash, a slot of this device has " << store.slot_capacity();
    end(AppState::failed);
    return false;
  }
  for (u32 i = 0; i < manifest.import_count; ++i) {
    if (import_is_offered(manifest.imports[i])) continue;
    failure_.set(Reason::unknown_import) << "this device offers no " << manifest.imports[i];
    end(AppState::failed);
    return false;
  }
  return true;
}

bool App::start(const Store& store, u32 slot) {
  manifest_ = {};
  arena_.rewind(launch_mark_);
  slot_ = slot;
  started_ms_ = clock_.uptime_ms();
  link::Manifest manifest;
  if (const Status status = store.decode(store.manifest(slot), manifest); !status.ok()) {
    fail(Reason::invalid_manifest, status.error());
    return false;
  }
  launch_.name.assign(manifest.name);
  launch_.version.assign(manifest.version);
  Bytes code, native;
  for (u32 i = 0; i < manifest.blob_count; ++i) {
    const link::BlobKind kind = manifest.blobs[i].kind;
    if (kind == link::BlobKind::module) code = store.blob(slot, manifest, i);
    if (kind == link::BlobKind::native) native = store.blob(slot, manifest, i);
  }
  return load_models(store, manifest) && load_module(code, native, manifest);
}

/// As native code where the package has some that this firmware can run, else in place.
bool App::load_module(Bytes code, Bytes native, const link::Manifest& manifest) {
  wasm::InstanceConfig config = {.memory_bytes = manifest.memory_bytes, .stack_bytes = manifest.stack_bytes};
  if (!native.empty() && native_.runtime != nullptr) {
    // What native code was made from was validated then, and its bodies are not executed here.
    const usize mark = arena_.mark();
    const auto module = wasm::ValidModule::load_known(code, arena_);
    Status ready = module.ok() ? Status() : Status(module.error());
    if (ready.ok()) ready = native_.runtime->prepare(native, *module, native_.machine, arena_, config);
    if (ready.ok()) return instantiate(*module, {}, config, manifest);
    if (ready.error().code != Code::unsupported) return fail_module(ready.error());
    host_.print(*this, true, ready.error().message);
    arena_.rewind(mark);
  }
  auto module = wasm::ValidModule::load(code, arena_);
  return module.ok() ? instantiate(*module, native, config, manifest) : fail_module(module.error());
}

bool App::fail_module(const Error& error) {
  fail(error.code == Code::out_of_memory ? Reason::out_of_memory : Reason::invalid_module, error);
  return false;
}

bool App::load_models(const Store& store, const link::Manifest& manifest) {
  wasi::NamedModel* models = static_cast<wasi::NamedModel*>(
      arena_.allocate(sizeof(wasi::NamedModel) * link::kMaxBlobs, alignof(wasi::NamedModel)));
  if (models == nullptr) {
    fail(Reason::out_of_memory, "no room for the list of models");
    return false;
  }
  usize count = 0;
  for (u32 i = 0; i < manifest.blob_count; ++i) {
    if (manifest.blobs[i].kind != link::BlobKind::model) continue;
    auto model = nn::PlannedModel::load(store.blob(slot_, manifest, i));
    if (!model.ok()) {
      const Error& error = model.error();
      auto text = failure_.set(Reason::invalid_model);
      text << "model \"" << manifest.blobs[i].name << "\": " << std::string_view(error.message);
      if (error.where != Error::kNowhere) text << " (at " << error.where << ")";
      end(AppState::failed);
      return false;
    }
    new (models + count++) wasi::NamedModel{manifest.blobs[i].name, *model};
  }
  models_ = {models, count};
  return true;
}

bool App::instantiate(const wasm::ValidModule& module, Bytes native, wasm::InstanceConfig& config,
                      const link::Manifest& manifest) {
  auto arguments = arena_.make_array<std::string_view>(1 + launch_.desired.argument_count);
  auto descriptors = arena_.make_array<wasi::Descriptor>(kDescriptors);
  auto tables_at = arena_.allocate(sizeof(wasi::HostTables), alignof(wasi::HostTables));
  if (!arguments.ok() || !descriptors.ok() || tables_at == nullptr) {
    fail(Reason::out_of_memory, "no room for the arguments");
    return false;
  }
  (*arguments)[0] = manifest.name;
  for (u32 i = 0; i < launch_.desired.argument_count; ++i) (*arguments)[1 + i] = launch_.desired.arguments[i];
  context_ = {.clock = &clock_,
              .entropy = &entropy_,
              .out = &out_,
              .err = &err_,
              .descriptors = *descriptors,
              .sensor = this,
              .telemetry = this,
              .arguments = *arguments,
              .environment = std::span(launch_.desired.environment).first(launch_.desired.environment_count),
              .models = models_,
              .arena = &arena_};
  if (platform_ != nullptr) {
    equipped_ = true;
    if (const Status given = platform_->equip(index_, module, native, context_, config); !given.ok()) {
      fail(given.error().code == Code::out_of_memory ? Reason::out_of_memory : Reason::invalid_module,
           given.error());
      return false;
    }
  }
  runs_native_ = config.code != nullptr;
  const auto& tables = *new (tables_at) wasi::HostTables(context_);
  auto instance = wasm::Instance::create(module, tables.span(), config, arena_);
  if (!instance.ok()) {
    const Error& error = instance.error();
    const bool import = error.code == Code::not_found || error.code == Code::invalid_argument;
    if (import && error.where < module.import_count()) {
      const auto which = module.import(error.where);
      failure_.set(Reason::unknown_import)
          << (error.code == Code::not_found ? "this device offers no " : "another type has ") << which.module
          << "." << which.name;
      end(AppState::failed);
    } else {
      fail(error.code == Code::out_of_memory ? Reason::out_of_memory : Reason::invalid_module, error);
    }
    return false;
  }
  if (arena_.capacity() - arena_.used() < manifest.arena_bytes) {
    failure_.set(Reason::out_of_memory)
        << "the application needs " << static_cast<u64>(arena_.used() + manifest.arena_bytes)
        << " bytes of RAM, this device has " << static_cast<u64>(arena_.capacity());
    end(AppState::failed);
    return false;
  }
  const auto entry = module.exported_function("_start");
  const Status started = entry.ok() ? (*instance)->start(*entry) : Status(entry.error());
  if (!started.ok()) {
    fail(Reason::invalid_module,
         entry.ok() ? std::string_view(started.error().message) : "the module exports no function _start");
    return false;
  }
  instance_ = *instance;
  state_ = AppState::starting;
  return true;
}

bool App::step(u64 fuel) {
  if (instance_ == nullptr) return false;
  waiting_for_frame_ = false;
  switch (instance_->resume(fuel)) {
    case wasm::RunState::paused: return true;
    case wasm::RunState::pending: return context_.computing;
    case wasm::RunState::trapped: trapped(); return false;
    case wasm::RunState::exited: exit_code_ = instance_->exit_code(); break;
    default: exit_code_ = 0;
  }
  end(AppState::exited);
  return false;
}

void App::trapped() {
  const wasm::Trap trap = instance_->trap();
  const std::string_view function = instance_->module().function_name(trap.func);
  failure_.set(Reason::trapped) << std::string_view(wasm::trap_text(trap.kind));
  failure_.trap_func.assign(function);
  failure_.trap_index = trap.func;
  failure_.trap_offset = trap.offset;
  end(AppState::failed);
}

Result<bool> App::read(u32 handle, MutBytes out, ports::FrameInfo& info) {
  auto got = host_.read_frame(*this, handle, out, info);
  waiting_for_frame_ = got.ok() && !*got;
  return got;
}

bool App::same(const link::Desired& desired, const Sha256::Digest& package) const {
  return state_ != AppState::none && launch_.desired.instance == desired.instance &&
         launch_.desired.attempt == desired.attempt && launch_.package == package;
}

void App::fill(link::AppStatus& out) const {
  out = {};
  if (state_ == AppState::none) return;
  out.instance = launch_.desired.instance;
  out.name = launch_.name.view();
  out.version = launch_.version.view();
  out.attempt = launch_.desired.attempt;
  out.state = state_;
  out.native = runs_native_;
  if (state_ == AppState::exited) out.exit_code = exit_code_;
  if (state_ != AppState::failed) return;
  out.reason = failure_.reason;
  out.message = failure_.message.view();
  out.trap_func = failure_.trap_func.view();
  out.trap_index = failure_.trap_index;
  out.trap_offset = failure_.trap_offset;
}

}  // namespace pipit::agent
