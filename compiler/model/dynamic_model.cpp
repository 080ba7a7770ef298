#include "compiler/model/dynamic_model.h"

#include <algorithm>
#include <cstring>
#include <deque>

#include "base/check.h"
#include "compiler/model/compiler.h"
#include "compiler/model/import_onnx.h"

namespace pipit::model {

using support::Error;
using support::Result;
using support::Status;

namespace {

/// Stages of one run: a model that asks for more values each time has gone wrong.
constexpr usize kMaxStages = 4096;
/// Plans kept; with more shapes than that the oldest are forgotten.
constexpr usize kMaxPlans = 64;

/// A stage with its compiled graph and what it was planned for.
struct Plan {
  usize depth = 0;  ///< stages before it
  const Plan* before = nullptr;
  std::string key;  ///< types of all values, bytes of the known ones
  std::set<std::string> known;
  Stage stage;
  std::vector<u8> file;  ///< empty where the stage computes nothing
  std::optional<Session> session;
  std::vector<nn::TensorInfo> outputs;
};

void append_key(std::string& key, const HostValue& value, bool bytes) {
  key += static_cast<char>('0' + static_cast<int>(value.kind));
  key += static_cast<char>('0' + static_cast<int>(value.dtype));
  for (i64 dim : value.shape) key += std::to_string(dim) + ",";
  key += ';';
  if (bytes) key.append(reinterpret_cast<const char*>(value.data.data()), value.data.size());
  for (const HostValue& item : value.items) append_key(key, item, bytes);
}

std::string key_of(const std::map<std::string, HostValue>& values, const std::set<std::string>& known) {
  std::string key;
  for (const auto& [name, value] : values) {
    key += name + ":";
    append_key(key, value, known.contains(name));
  }
  return key;
}

const HostValue* resolve(const std::map<std::string, HostValue>& values, const InputPath& path) {
  const auto found = values.find(path.name);
  if (found == values.end()) return nullptr;
  const HostValue* value = &found->second;
  for (u32 item : path.items) {
    if (item >= value->items.size()) return nullptr;
    value = &value->items[item];
  }
  return value;
}

/// Output tensors of a graph by their place among its outputs. Passes keep the order, not the ids.
using Places = std::map<u32, usize>;

struct Harvest {
  const Plan& plan;
  const Graph& graph;
  const Places& places;
  const std::map<std::string, HostValue>& values;

  Result<HostValue> of(const Value& value) const {
    HostValue result;
    result.kind = value.kind;
    for (const Value& item : value.items) result.items.push_back(TRY(of(item)));
    if (value.kind != Value::Kind::tensor) return result;
    const Tensor& tensor = graph[value.tensor];
    result.dtype = tensor.dtype;
    result.shape = tensor.shape;
    if (tensor.constant) {
      result.data = tensor.data;
      return result;
    }
    if (const auto output = places.find(value.tensor.index); output != places.end()) {
      PIPIT_CHECK(plan.session.has_value());  // with places, an earlier stage has run
      const Bytes bytes = plan.session->output(static_cast<u32>(output->second));
      result.data.assign(bytes.begin(), bytes.end());
      return result;
    }
    for (usize i = 0; i < graph.inputs.size(); ++i)
      if (graph.inputs[i] == value.tensor)
        if (const HostValue* given = resolve(values, plan.stage.inputs[i])) return *given;
    return Error(Code::internal, "a value of the stage is nowhere");
  }
};

}  // namespace

struct DynamicModel::State {
  explicit State(onnx_file::Model file) : program(std::move(file)) {}
  Program program;
  std::deque<std::unique_ptr<Plan>> plans;
  usize compiled = 0;

  Result<const Plan*> plan(const Plan* before, usize depth, std::map<std::string, HostValue>& values,
                           std::set<std::string>& known);
  Status compile(Plan& plan);
  Result<bool> run_stage(Plan& plan, std::map<std::string, HostValue>& values, const StageObserver& observer);
  Status bind_inputs(const std::vector<HostValue>& given, std::map<std::string, HostValue>& values) const;
};

Status DynamicModel::State::compile(Plan& plan) {
  ++compiled;
  if (plan.stage.graph.outputs.empty()) return {};
  Graph graph = plan.stage.graph;  // ids of the exports are those before any pass
  TRY(run_passes(graph, canonical_passes()));
  CompiledModel made = TRY(compile_graph(std::move(graph)));
  plan.file = std::move(made.pipm);
  plan.session.emplace(TRY(Session::create(plan.file)));
  return {};
}

/// The plan for what is known now: one made before, or a new one. Values that a shape turns out to depend on
/// become known, and the stage is imported again with them.
Result<const Plan*> DynamicModel::State::plan(const Plan* before, usize depth,
                                              std::map<std::string, HostValue>& values,
                                              std::set<std::string>& known) {
  for (const auto& made : plans)
    if (made->before == before &&
        std::includes(made->known.begin(), made->known.end(), known.begin(), known.end()) &&
        made->key == key_of(values, made->known)) {
      known = made->known;
      return made.get();
    }
  const std::vector<Work> work = before == nullptr ? program.start() : before->stage.rest;
  for (;;) {
    Stage stage = TRY(program.import({work, values, known}));
    bool again = false;
    for (const auto& name : stage.needed)
      if (values.contains(name)) again = known.insert(name).second || again;
    if (again) continue;
    auto made = std::make_unique<Plan>();
    made->depth = depth;
    made->before = before;
    made->known = known;
    made->key = key_of(values, known);
    made->stage = std::move(stage);
    TRY(compile(*made));
    plans.push_back(std::move(made));
    return plans.back().get();
  }
}

static Status run_once(Session& session, std::span<const Bytes> inputs) {
  TRY(session.run_all(inputs));
  return {};
}

/// Executes a stage and takes its exports over; true when nothing is left.
Result<bool> DynamicModel::State::run_stage(Plan& plan, std::map<std::string, HostValue>& values,
                                            const StageObserver& observer) {
  const Graph& graph = plan.stage.graph;
  Places places;
  for (usize i = 0; i < graph.outputs.size(); ++i) places[graph.outputs[i].index] = i;
  if (plan.session) {
    std::vector<Bytes> inputs;
    for (const auto& path : plan.stage.inputs) {
      const HostValue* value = resolve(values, path);
      if (value == nullptr) return Error(Code::internal, "input '" + path.name + "' of the stage is nowhere");
      inputs.emplace_back(value->data);
    }
    TRY(observer ? observer(*plan.session, inputs) : run_once(*plan.session, inputs));
  }
  std::map<std::string, HostValue> exported;
  for (const auto& [name, value] : plan.stage.exports)
    exported.emplace(name, TRY((Harvest{plan, graph, places, values}.of(value))));
  for (auto& [name, value] : exported) values.insert_or_assign(name, std::move(value));
  return plan.stage.rest.empty();
}

namespace {

const char* kind_name(const onnx_file::ValueInfo& info) {
  using Kind = onnx_file::ValueInfo::Kind;
  return info.kind == Kind::tensor ? "a tensor" : info.kind == Kind::sequence ? "a sequence" : "an optional";
}

/// Whether some node reads the value, not only the element type, of what is called `name`.
bool reads_value(const std::vector<onnx_file::Node>& nodes, const std::string& name) {
  for (const onnx_file::Node& node : nodes) {
    for (usize i = 0; i < node.inputs.size(); ++i)
      if (node.inputs[i] == name && !(node.op_type == "CastLike" && i == 1)) return true;
    for (const auto& attribute : node.attributes)
      if (const auto* bodies = std::get_if<std::vector<onnx_file::Graph>>(&attribute.value))
        for (const onnx_file::Graph& body : *bodies)
          if (reads_value(body.nodes, name)) return true;
  }
  return false;
}

Status check_input(const onnx_file::ValueInfo& info, const HostValue& value, bool shape_counts) {
  using Kind = onnx_file::ValueInfo::Kind;
  const std::string what = "input '" + info.name + "'";
  const bool optional = info.kind == Kind::optional || info.kind == Kind::optional_sequence;
  const bool list = info.kind == Kind::sequence || info.kind == Kind::optional_sequence;
  if (value.kind == Value::Kind::none && optional) return {};
  if (value.kind != (list ? Value::Kind::list : Value::Kind::tensor))
    return Error(Code::invalid_argument, what + " needs " + kind_name(info));
  if (list) return {};
  if (value.dtype != dtype_of(info.type))
    return Error(Code::invalid_argument, what + " is " + dtype_name(value.dtype) + ", the model needs " +
                                             dtype_name(dtype_of(info.type)));
  if (value.data.size() != static_cast<usize>(element_count(value.shape)) * dtype_bytes(value.dtype))
    return Error(Code::invalid_argument,
                 what + " has " + std::to_string(value.data.size()) + " bytes, which is not its shape");
  if (!info.ranked || !shape_counts) return {};
  bool fits = info.dims.size() == value.shape.size();
  for (usize i = 0; fits && i < info.dims.size(); ++i)
    fits = info.dims[i] < 0 || info.dims[i] == value.shape[i];
  if (!fits)
    return Error(Code::invalid_argument,
                 what + " is " + to_string(value.shape) + ", the model needs " + to_string(info.dims));
  return {};
}

bool has_initializer(const onnx_file::Model& file, const std::string& name) {
  return std::any_of(file.initializers.begin(), file.initializers.end(),
                     [&](const auto& t) { return t.name == name; });
}

}  // namespace

Status DynamicModel::State::bind_inputs(const std::vector<HostValue>& given,
                                        std::map<std::string, HostValue>& values) const {
  const auto& inputs = program.file().inputs;
  usize next = 0;
  for (const auto& info : inputs) {
    // Where fewer values come than inputs are listed, those with an initializer keep it.
    if (has_initializer(program.file(), info.name) && given.size() < inputs.size()) continue;
    if (next >= given.size())
      return Error(Code::invalid_argument, "input '" + info.name + "' is missing: the model has " +
                                               std::to_string(inputs.size()) + ", got " +
                                               std::to_string(given.size()));
    TRY(check_input(info, given[next], reads_value(program.file().nodes, info.name)));
    values.insert_or_assign(info.name, given[next++]);
  }
  if (next != given.size())
    return Error(Code::invalid_argument,
                 "the model has " + std::to_string(next) + " inputs, got " + std::to_string(given.size()));
  return {};
}

DynamicModel::DynamicModel(std::unique_ptr<State> state) : state_(std::move(state)) {}
DynamicModel::DynamicModel(DynamicModel&&) noexcept = default;
DynamicModel& DynamicModel::operator=(DynamicModel&&) noexcept = default;
DynamicModel::~DynamicModel() = default;

Result<DynamicModel> DynamicModel::create(Bytes onnx, const std::string& folder) {
  auto file = TRY(onnx_file::parse(onnx, folder));
  if (file.nodes.size() > kMaxNodes || file.initializers.size() > kMaxTensors)
    return Error(Code::out_of_range, "the model has more than " + std::to_string(kMaxNodes) + " nodes or " +
                                         std::to_string(kMaxTensors) + " constants");
  if (file.outputs.empty()) return Error(Code::malformed, "the model has no output");
  return DynamicModel(std::make_unique<State>(std::move(file)));
}

const std::vector<onnx_file::ValueInfo>& DynamicModel::inputs() const {
  return state_->program.file().inputs;
}
const std::vector<onnx_file::ValueInfo>& DynamicModel::outputs() const {
  return state_->program.file().outputs;
}
usize DynamicModel::plans() const { return state_->compiled; }

Result<std::vector<HostValue>> DynamicModel::run(const std::vector<HostValue>& given,
                                                 const StageObserver& observer) {
  std::map<std::string, HostValue> values;
  TRY(state_->bind_inputs(given, values));
  if (state_->plans.size() > kMaxPlans) state_->plans.clear();
  std::set<std::string> known;
  const Plan* plan = nullptr;
  for (usize depth = 0;; ++depth) {
    if (depth > kMaxStages) return Error(Code::out_of_range, "the model needs more than 4096 stages");
    plan = TRY(state_->plan(plan, depth, values, known));
    if (TRY(state_->run_stage(*const_cast<Plan*>(plan), values, observer))) break;
    known.insert(plan->stage.needed.begin(), plan->stage.needed.end());
    for (const auto& name : plan->stage.needed)
      if (!values.contains(name)) return Error(Code::internal, "value '" + name + "' was not computed");
  }
  std::vector<HostValue> results;
  for (const auto& output : outputs()) {
    const auto found = values.find(output.name);
    if (found == values.end())
      return Error(Code::malformed, "output '" + output.name + "' is made by no node");
    results.push_back(found->second);
  }
  return results;
}

}  // namespace pipit::model
