#include "compiler/model/profile.h"

#include <time.h>

#include <algorithm>

#include "compiler/model/evaluate.h"
#include "compiler/model/general.h"
#include "compiler/model/graph.h"
#include "nn/model_view.h"
#include "nn/operator.h"
#include "nn/shapes.h"

namespace pipit::model {
namespace {

using nn::format::Opcode;
using nn::format::TensorRecord;
using support::Result;

f64 thread_microseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<f64>(now.tv_sec) * 1e6 + static_cast<f64>(now.tv_nsec) / 1e3;
}

Shape shape_of(const TensorRecord& tensor) { return {tensor.dims, tensor.dims + tensor.rank}; }

/// Multiply-accumulates, from the shapes: products per output element × outputs, or of transposed
/// convolutions per input element × inputs.
u64 macs_of(const nn::Node& node) {
  if (node.input_count() < 2) return 0;
  const TensorRecord& weights = node.input(1);
  const u64 outputs = nn::elements(node.output());
  switch (static_cast<Opcode>(node.opcode())) {
    case Opcode::conv2d:
    case Opcode::conv2d_asymmetric:
    case Opcode::dynamic_conv2d:
    case Opcode::fully_connected:
    case Opcode::fully_connected_asymmetric:
    case Opcode::conv2d_wide:
    case Opcode::dynamic_fully_connected: return outputs * (nn::elements(weights) / weights.dims[0]);
    case Opcode::transpose_conv2d_wide:
      return u64{nn::elements(node.input(0))} * (nn::elements(weights) / weights.dims[3]);
    case Opcode::svdf:
      return u64{nn::elements(node.input(0))} * weights.dims[0] + nn::elements(node.input(4));
    case Opcode::lstm:
      return outputs / node.output().dims[2] * (u64{nn::elements(weights)} + nn::elements(node.input(2)));
    case Opcode::depthwise_conv2d:
    case Opcode::depthwise_conv2d_asymmetric:
    case Opcode::dynamic_depthwise_conv2d: return outputs * weights.dims[1] * weights.dims[2];
    case Opcode::general: {
      std::vector<nn::general::Type> inputs;
      for (u32 i = 0; i < node.input_count(); ++i) inputs.push_back(nn::general::type_of(node.input(i)));
      return general_macs(node.attributes<nn::format::GeneralAttributes>(), inputs,
                          nn::general::type_of(node.output()));
    }
    default: return 0;
  }
}

std::string name_of(const nn::Node& node) {
  std::string name = nn::format::opcode_name(node.opcode());
  if (node.opcode() != static_cast<u8>(Opcode::general)) return name;
  return name + " " + function_name(node.attributes<nn::format::GeneralAttributes>());
}

/// First and last operator that needs each arena tensor.
struct Life {
  u32 first = ~u32{0}, last = 0;
};

std::vector<Life> lives_of(nn::ModelView model) {
  const auto& header = model.header();
  std::vector<Life> lives(header.tensor_count);
  const auto touch = [&](u32 id, u32 step) {
    lives[id].first = std::min(lives[id].first, step);
    lives[id].last = std::max(lives[id].last, step);
  };
  for (u32 i = 0; i < header.input_count; ++i) touch(model.inputs()[i], 0);
  for (u32 step = 0; step < header.operator_count; ++step) {
    const auto& op = model.op(step);
    for (u32 i = 0; i <= op.input_count; ++i) touch(model.ids(op)[i], step);
  }
  for (u32 i = 0; i < header.output_count; ++i) touch(model.outputs()[i], header.operator_count - 1);
  return lives;
}

/// Bytes of the arena that hold something needed at `step`; tensors that share bytes count once.
u64 live_at(nn::ModelView model, const std::vector<Life>& lives, u32 step) {
  std::vector<std::pair<u64, u64>> spans;
  for (u32 id = 0; id < lives.size(); ++id) {
    const TensorRecord& tensor = model.tensor(id);
    const bool alive = lives[id].first <= step && step <= lives[id].last;
    if (nn::is_constant(tensor) || (!alive && !nn::is_state(tensor))) continue;
    spans.emplace_back(tensor.offset, u64{tensor.offset} + tensor.bytes);
  }
  std::sort(spans.begin(), spans.end());
  u64 live = 0, end = 0;
  for (const auto& [from, to] : spans) {
    live += to > std::max(from, end) ? to - std::max(from, end) : 0;
    end = std::max(end, to);
  }
  return live;
}

OperatorProfile describe(nn::ModelView model, const std::vector<Life>& lives, u32 step) {
  const nn::Node node(model, step, nullptr);
  OperatorProfile op;
  op.opcode = name_of(node);
  op.type = dtype_name(static_cast<DType>(node.output().dtype));
  op.shape = to_string(shape_of(node.output()));
  op.macs = macs_of(node);
  op.activation_bytes = node.output().bytes;
  for (u32 i = 0; i < node.input_count(); ++i)
    (nn::is_constant(node.input(i)) ? op.constant_bytes : op.activation_bytes) += node.input(i).bytes;
  op.live_bytes = live_at(model, lives, step);
  return op;
}

}  // namespace

f64 Profile::microseconds() const {
  f64 sum = 0;
  for (const OperatorProfile& op : operators) sum += op.microseconds;
  return sum;
}

namespace {

/// One planned model, which has run for the last time on `inputs` afterwards.
Result<Profile> profile_session(Session& session, std::span<const Bytes> inputs, u32 iterations) {
  const nn::PlannedModel& model = session.model();
  const nn::ModelView view(model.file());
  Profile profile{std::string(model.name()), model.arena_bytes(), 1, model.file().size(), 0, iterations, {}};
  const std::vector<Life> lives = lives_of(view);
  for (u32 step = 0; step < model.operator_count(); ++step) {
    profile.operators.push_back(describe(view, lives, step));
    profile.macs += profile.operators.back().macs;
  }
  TRY(session.run_all(inputs));  // warms the caches
  std::vector<std::vector<f64>> times(model.operator_count());
  for (u32 i = 0; i < iterations; ++i) {
    TRY(session.start(inputs));
    for (u32 step = 0; step < model.operator_count(); ++step) {
      const f64 before = thread_microseconds();
      TRY(session.step());
      times[step].push_back(thread_microseconds() - before);
    }
  }
  for (u32 step = 0; step < model.operator_count() && iterations > 0; ++step) {
    std::sort(times[step].begin(), times[step].end());
    profile.operators[step].microseconds = times[step][times[step].size() / 2];
  }
  return profile;
}

}  // namespace

Result<Profile> profile_model(Bytes file, u32 iterations, bool portable) {
  Session session = TRY(portable ? Session::create(file, {}) : Session::create(file));
  const nn::PlannedModel& model = session.model();
  std::vector<std::vector<u8>> zeros;
  for (u32 i = 0; i < model.input_count(); ++i) zeros.emplace_back(model.input(i).bytes);
  return profile_session(session, std::vector<Bytes>(zeros.begin(), zeros.end()), iterations);
}

Result<Profile> profile_model(DynamicModel& model, const std::vector<HostValue>& values, u32 iterations) {
  Profile whole;
  whole.iterations = iterations;
  whole.stages = 0;
  const auto measure = [&](Session& session, std::span<const Bytes> inputs) -> support::Status {
    Profile stage = TRY(profile_session(session, inputs, iterations));
    if (whole.stages == 0) whole.model = stage.model;
    for (OperatorProfile& op : stage.operators) {
      op.stage = whole.stages;
      whole.operators.push_back(std::move(op));
    }
    ++whole.stages;
    whole.macs += stage.macs;
    whole.flash_bytes += stage.flash_bytes;
    whole.arena_bytes = std::max(whole.arena_bytes, stage.arena_bytes);
    return {};
  };
  TRY(model.run(values, measure));
  return whole;
}

}  // namespace pipit::model
