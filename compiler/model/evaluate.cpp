#include "compiler/model/evaluate.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <thread>

#include "nn/fixed_point.h"
#include "nn/general/types.h"

namespace pipit::model {

using support::Error;
using support::Result;

Result<Session> Session::create(Bytes file, std::span<const nn::FastKernel* const> kernels, nn::Team* team) {
  const auto allocate = [](u64 bytes) { return Memory((bytes + sizeof(Chunk) - 1) / sizeof(Chunk)); };
  const auto bytes = [](Memory& memory) {
    return MutBytes(reinterpret_cast<u8*>(memory.data()), memory.size() * sizeof(Chunk));
  };
  const nn::PlannedModel model = TRY(nn::PlannedModel::load(file));
  Memory arena = allocate(model.arena_bytes());
  Memory packed = allocate(nn::PreparedModel::packed_bytes(model, kernels));
  const auto prepared = TRY(nn::PreparedModel::create(model, kernels, bytes(packed)));
  Memory scratch = allocate(prepared.scratch_bytes() * (team == nullptr ? 1 : team->size()));
  const nn::Executor executor = TRY(nn::Executor::create(prepared, bytes(arena), bytes(scratch), team));
  return Session(model, std::move(arena), std::move(packed), std::move(scratch), executor);
}

support::Status Session::start(std::span<const Bytes> inputs) {
  if (inputs.size() != model_.input_count())
    return Error(Code::invalid_argument, "the model has " + std::to_string(model_.input_count()) +
                                             " inputs, got " + std::to_string(inputs.size()));
  for (u32 i = 0; i < inputs.size(); ++i) TRY(executor_.set_input(i, model_.input(i).dtype, inputs[i]));
  return {};
}

Result<Bytes> Session::run_all(std::span<const Bytes> inputs) {
  TRY(start(inputs));
  TRY(executor_.run());
  return executor_.output(0);
}

Result<Bytes> Session::run(Bytes input) { return run_all(std::span(&input, 1)); }

Result<Bytes> Session::run(std::span<const f32> input) {
  const nn::TensorInfo info = model_.input(0);
  if (info.dtype == DType::f32)
    return run(Bytes(reinterpret_cast<const u8*>(input.data()), input.size_bytes()));
  if (info.dtype != DType::i8) return Error(Code::unsupported, "the model's input is neither float nor int8");
  std::vector<u8> quantized;
  for (f32 value : input)
    quantized.push_back(static_cast<u8>(nn::quantize_value(value, info.scale, info.zero_point)));
  return run(Bytes(quantized));
}

std::vector<f32> real_values(const nn::TensorInfo& info, Bytes output) {
  std::vector<f32> values;
  const f64 scale = info.scale > 0 ? static_cast<f64>(info.scale) : 1;
  nn::general::with_type<nn::general::Kinds::any>(info.dtype, [&]<class T> {
    values.reserve(output.size() / sizeof(T));
    for (usize at = 0; at + sizeof(T) <= output.size(); at += sizeof(T)) {
      T element;
      std::memcpy(&element, &output[at], sizeof element);
      const auto value = static_cast<nn::general::Compute<T>>(element);
      if constexpr (nn::general::kIsReal<T>)
        values.push_back(static_cast<f32>(value));
      else
        values.push_back(static_cast<f32>(scale * (static_cast<f64>(value) - info.zero_point)));
    }
  });
  return values;
}

u32 argmax(const nn::TensorInfo& info, Bytes output) {
  const std::vector<f32> values = real_values(info, output);
  return static_cast<u32>(std::max_element(values.begin(), values.end()) - values.begin());
}

Result<Accuracy> evaluate(Bytes file, const Dataset& dataset, u32 count, u32 threads,
                          const std::function<bool(u32 done)>& progress) {
  if (dataset.labels.empty()) return Error(Code::invalid_argument, "accuracy needs labels");
  count = std::min(count, dataset.count);
  threads = std::clamp<u32>(threads, 1, 64);
  std::atomic<u32> next = 0, done = 0, right = 0;
  std::atomic<bool> stop = false;
  std::mutex lock;  // progress is one caller's, and the first error wins
  support::Status failure;
  const auto work = [&] {
    auto session = Session::create(file);
    const auto fail = [&](Error error) {
      const std::lock_guard guard(lock);
      if (failure.ok()) failure = std::move(error);
      stop = true;
    };
    if (!session.ok()) return fail(session.take_error());
    for (u32 i; !stop && (i = next++) < count;) {
      auto output = session->run(dataset.input(i));
      if (!output.ok()) return fail(output.take_error());
      if (argmax(session->model().output(0), *output) == dataset.labels[i]) ++right;
      const u32 finished = ++done;
      const std::lock_guard guard(lock);
      if (progress && !progress(finished) && failure.ok()) {
        failure = Error(Code::cancelled, "stopped");
        stop = true;
      }
    }
  };
  std::vector<std::thread> pool;
  for (u32 i = 1; i < threads; ++i) pool.emplace_back(work);
  work();
  for (std::thread& thread : pool) thread.join();
  if (!failure.ok()) return failure.take_error();
  return Accuracy{right, count};
}

}  // namespace pipit::model
