#include "cli/up/oracle.h"

#include <cstring>

#include "support/files.h"

namespace pipit::up {

using support::Error;
using support::Result;

Result<std::unique_ptr<Oracle>> Oracle::load(const std::string& model_file) {
  std::vector<u8> file = TRY(support::read_file(model_file));
  // Vectors keep their storage when moved: model and executor may point into them already.
  auto model = nn::PlannedModel::load(file);
  if (!model.ok()) return Error(model.take_error()).in(model_file);
  std::vector<Block> arena((model->arena_bytes() + sizeof(Block) - 1) / sizeof(Block));
  auto executor = nn::Executor::create(
      *model, MutBytes(reinterpret_cast<u8*>(arena.data()), arena.size() * sizeof(Block)));
  if (!executor.ok()) return Error(executor.take_error()).in(model_file);
  return std::unique_ptr<Oracle>(new Oracle(std::move(file), *model, std::move(arena), std::move(*executor)));
}

Result<Bytes> Oracle::infer(Bytes pixels) {
  std::vector<f32> input(pixels.size());
  for (usize i = 0; i < pixels.size(); ++i)
    input[i] = (static_cast<f32>(pixels[i]) * (1.0f / 255.0f) - 0.2860f) * (1.0f / 0.3530f);
  const Bytes bytes(reinterpret_cast<const u8*>(input.data()), input.size() * sizeof(f32));
  TRY(executor_.set_input(0, DType::f32, bytes));
  TRY(executor_.run());
  return executor_.output(0);
}

u32 best_class(Bytes output) {
  u32 best = 0;
  f32 most = 0;
  for (u32 i = 0; i < output.size() / sizeof(f32); ++i) {
    f32 value;
    std::memcpy(&value, output.data() + i * sizeof(f32), sizeof value);
    if (i > 0 && !(value > most)) continue;
    best = i;
    most = value;
  }
  return best;
}

}  // namespace pipit::up
