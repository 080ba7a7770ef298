// wasi-nn (wasi_ephemeral_nn.witx): load, load_by_name, init_execution_context, set_input, compute,
// get_output. Extensions: tensor type 4 is int8; graph encoding 5 (autodetect) takes a planned model,
// `.pipm`. A tensor of another type, shape or size than the model's is invalid_argument, never cut or padded.
#include "wasi/tables.h"

namespace pipit::wasi {
namespace {

constexpr u32 kEncodingAutodetect = 5;
constexpr u32 kTargetCpu = 0;
constexpr u32 kTensorBytes = 20;  ///< {u32 dims, u32 dims_len, u8 type, u32 data, u32 data_len}
constexpr usize kArenaAlign = 16;

NnErrno add_graph(Call& call, const nn::PlannedModel* model, u32 out) {
  Context& context = call.context;
  if (!call.store(out, context.graph_count)) return NnErrno::missing_memory;
  context.graphs[context.graph_count++] = model;
  return NnErrno::success;
}

/// The planned model in `bytes`, copied into the application's arena: the guest may change its own memory.
Result<nn::PlannedModel> load_planned(Arena& arena, Bytes bytes) {
  u8* copy = static_cast<u8*>(arena.allocate(bytes.size(), kArenaAlign));
  if (copy == nullptr) return Error{Code::out_of_memory, "model does not fit into the arena"};
  std::memcpy(copy, bytes.data(), bytes.size());
  return nn::PlannedModel::load({copy, bytes.size()});
}

Result<nn::PlannedModel> load_bytes(Context& context, u32 encoding, Bytes bytes) {
  if (encoding == kEncodingAutodetect) {
    const usize mark = context.arena->mark();
    auto planned = load_planned(*context.arena, bytes);
    if (planned.ok() || planned.error().code != Code::malformed || context.importer == nullptr)
      return planned;
    context.arena->rewind(mark);
  }
  if (context.importer == nullptr) return Error{Code::malformed, "no importer for this model encoding"};
  return context.importer->import(encoding, bytes);
}

/// (builders, builders_len, encoding, target, out: graph). One builder: the whole model.
NnErrno load(Call& call) {
  Context& context = call.context;
  u32 address = 0, size = 0;
  MutBytes bytes;
  if (call.arg(1) != 1) return NnErrno::invalid_argument;
  if (call.arg(3) != kTargetCpu) return NnErrno::unsupported_operation;
  if (!call.load_pair(call.arg(0), 0, address, size) || !call.bytes(address, size, bytes) ||
      !call.store(call.arg(4), u32{0}))
    return NnErrno::missing_memory;
  if (bytes.empty()) return NnErrno::invalid_encoding;
  if (context.arena == nullptr || context.graph_count == kMaxGraphs) return NnErrno::too_large;

  const usize mark = context.arena->mark();
  auto model = load_bytes(context, call.arg(2), bytes);
  auto kept =
      model.ok() ? context.arena->make<nn::PlannedModel>(*model) : Result<nn::PlannedModel*>(model.error());
  if (!kept.ok()) {
    context.arena->rewind(mark);
    const bool tries = kept.error().code == Code::unsupported && context.importer != nullptr;
    if (tries && context.importer->load_dynamic(context.graph_count, call.arg(2), bytes).ok())
      return add_graph(call, nullptr, call.arg(4));
    return to_nn_errno(kept.error().code);
  }
  return add_graph(call, *kept, call.arg(4));
}

/// (name, name_len, out: graph). Asking twice yields the same graph.
NnErrno load_by_name(Call& call) {
  Context& context = call.context;
  std::string_view name;
  if (!call.text(call.arg(0), call.arg(1), name)) return NnErrno::missing_memory;
  for (const NamedModel& named : context.models) {
    if (named.name != name) continue;
    for (u32 graph = 0; graph < context.graph_count; ++graph)
      if (context.graphs[graph] == &named.model)
        return call.store(call.arg(2), graph) ? NnErrno::success : NnErrno::missing_memory;
    if (context.graph_count == kMaxGraphs) return NnErrno::too_large;
    return add_graph(call, &named.model, call.arg(2));
  }
  return NnErrno::not_found;
}

/// Whether the importer runs the execution's model.
bool is_dynamic(const Context& context, u32 execution) {
  return context.graphs[context.execution_graphs[execution]] == nullptr;
}

NnErrno open_dynamic(Context& context, u32 graph) {
  const auto opened = context.importer->open_dynamic(graph, context.execution_count);
  if (!opened.ok()) return to_nn_errno(opened.error().code);
  context.execution_graphs[context.execution_count++] = static_cast<u8>(graph);
  return NnErrno::success;
}

/// A tensor of any shape: the model says whether it fits.
NnErrno set_dynamic_input(Call& call, u32 dims, u32 rank, u8 type, Bytes data) {
  u32 shape[nn::kMaxRank];
  if (rank > nn::kMaxRank || type > static_cast<u8>(kLastDType)) return NnErrno::invalid_argument;
  for (u32 i = 0; i < rank; ++i)
    if (u64{dims} + u64{i} * 4 > 0xFFFF'FFFF || !call.load(dims + i * 4, shape[i]))
      return NnErrno::missing_memory;
  const auto status = call.context.importer->set_dynamic_input(call.arg(0), call.arg(1),
                                                               static_cast<DType>(type), {shape, rank}, data);
  return status.ok() ? NnErrno::success : to_nn_errno(status.error().code);
}

Result<nn::Executor> make_executor(Context& context, const nn::PlannedModel& model) {
  if (context.executors != nullptr) return context.executors->create(model, *context.arena);
  void* memory = context.arena->allocate(model.arena_bytes(), kArenaAlign);
  if (memory == nullptr) return Error{Code::out_of_memory, "activations do not fit into the arena"};
  return nn::Executor::create(model, {static_cast<u8*>(memory), model.arena_bytes()});
}

/// (graph, out: context). Each context takes the model's activation arena for good.
NnErrno init_execution_context(Call& call) {
  Context& context = call.context;
  if (call.arg(0) >= context.graph_count) return NnErrno::invalid_argument;
  if (!call.store(call.arg(1), context.execution_count)) return NnErrno::missing_memory;
  if (context.arena == nullptr || context.execution_count == kMaxExecutions) return NnErrno::too_large;
  if (context.graphs[call.arg(0)] == nullptr) return open_dynamic(context, call.arg(0));
  const nn::PlannedModel& model = *context.graphs[call.arg(0)];

  const usize mark = context.arena->mark();
  auto executor = make_executor(context, model);
  auto kept =
      executor.ok() ? context.arena->make<nn::Executor>(*executor) : Result<nn::Executor*>(executor.error());
  if (!kept.ok()) {
    context.arena->rewind(mark);
    return to_nn_errno(kept.error().code);
  }
  context.executions[context.execution_count] = *kept;
  context.execution_graphs[context.execution_count++] = static_cast<u8>(call.arg(0));
  return NnErrno::success;
}

/// Dimensions of length 1 do not count: a camera's 28×28 is the model's 1×1×28×28. All others must be equal.
bool same_shape(const nn::TensorInfo& info, Call& call, u32 dims, u32 rank) {
  if (rank > nn::kMaxRank || u64{dims} + u64{rank} * 4 > 0xFFFF'FFFF) return false;
  u32 at = 0;
  const auto skip_ones = [&] {
    while (at < info.rank && info.dims[at] == 1) ++at;
  };
  for (u32 i = 0; i < rank; ++i) {
    u32 extent = 0;
    if (!call.load(dims + i * 4, extent)) return false;
    if (extent == 1) continue;
    skip_ones();
    if (at == info.rank || info.dims[at] != extent) return false;
    ++at;
  }
  skip_ones();
  return at == info.rank;
}

/// (context, index, tensor)
NnErrno set_input(Call& call) {
  Context& context = call.context;
  if (call.arg(0) >= context.execution_count) return NnErrno::invalid_argument;
  if (context.computing) return NnErrno::busy;
  MutBytes tensor, data;
  if (!call.bytes(call.arg(2), kTensorBytes, tensor)) return NnErrno::missing_memory;
  const u32 dims = load_le<u32>(&tensor[0]), rank = load_le<u32>(&tensor[4]);
  const u8 type = tensor[8];
  if (!call.bytes(load_le<u32>(&tensor[12]), load_le<u32>(&tensor[16]), data)) return NnErrno::missing_memory;
  if (is_dynamic(context, call.arg(0))) return set_dynamic_input(call, dims, rank, type, data);
  const nn::PlannedModel& model = *context.graphs[context.execution_graphs[call.arg(0)]];
  if (call.arg(1) >= model.input_count() || type > static_cast<u8>(DType::i8))
    return NnErrno::invalid_argument;
  if (!same_shape(model.input(call.arg(1)), call, dims, rank)) return NnErrno::invalid_argument;
  const auto status = context.executions[call.arg(0)]->set_input(call.arg(1), static_cast<DType>(type), data);
  return status.ok() ? NnErrno::success : to_nn_errno(status.error().code);
}

/// (context). One operator an ask, pending in between, so that a device serves its network during a long
/// inference.
NnErrno compute(Call& call) {
  Context& context = call.context;
  if (call.arg(0) >= context.execution_count) return NnErrno::invalid_argument;
  if (is_dynamic(context, call.arg(0))) {
    const auto computed = context.importer->compute_dynamic(call.arg(0));
    return computed.ok() ? NnErrno::success : to_nn_errno(computed.error().code);
  }
  const u64 before = context.clock == nullptr ? 0 : context.clock->instructions();
  const auto more = context.executions[call.arg(0)]->step();
  if (context.clock != nullptr) context.inference_instructions += context.clock->instructions() - before;
  context.computing = more.ok() && *more;
  if (!more.ok()) return to_nn_errno(more.error().code);
  return *more ? NnErrno::pending : NnErrno::success;
}

/// (context, index, out: buffer, buffer_len, out: bytes). A buffer too small is too_large, and nothing is
/// written; without a compute() since the last set_input() it is runtime_error.
NnErrno get_output(Call& call) {
  Context& context = call.context;
  if (call.arg(0) >= context.execution_count) return NnErrno::invalid_argument;
  Bytes output;
  if (is_dynamic(context, call.arg(0))) {
    const auto made = context.importer->dynamic_output(call.arg(0), call.arg(1));
    if (!made.ok()) return to_nn_errno(made.error().code);
    output = *made;
  } else {
    const nn::PlannedModel& model = *context.graphs[context.execution_graphs[call.arg(0)]];
    if (call.arg(1) >= model.output_count()) return NnErrno::invalid_argument;
    output = context.executions[call.arg(0)]->output(call.arg(1));
    if (output.empty()) return NnErrno::runtime_error;
  }
  if (output.size() > call.arg(3)) return NnErrno::too_large;
  MutBytes out;
  if (!call.bytes(call.arg(2), static_cast<u32>(output.size()), out) ||
      !call.store(call.arg(4), static_cast<u32>(output.size())))
    return NnErrno::missing_memory;
  std::memcpy(out.data(), output.data(), output.size());
  return NnErrno::success;
}

constexpr char kModule[] = "wasi_ephemeral_nn";
constexpr wasm::HostFunction kFunctions[] = {
    {kModule, "load", "iiiii:i", entry<load>},
    {kModule, "load_by_name", "iii:i", entry<load_by_name>},
    {kModule, "init_execution_context", "ii:i", entry<init_execution_context>},
    {kModule, "set_input", "iii:i", entry<set_input>},
    {kModule, "compute", "i:i", entry<compute>},
    {kModule, "get_output", "iiiii:i", entry<get_output>},
};

}  // namespace

Functions nn_functions() { return kFunctions; }
extern constinit const u64 kNnId = fingerprint(kFunctions);

}  // namespace pipit::wasi
