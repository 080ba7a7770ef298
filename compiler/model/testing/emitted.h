#pragma once
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>

#include "compiler/model/emit_c/emit_c.h"
#include "nn/nn.h"
#include "support/process.h"

/// Generated C beside the engine, for tests.
namespace pipit::model::testing {

/// A generated model, compiled and loaded.
class Library {
 public:
  explicit Library(const CModel& model) {
    static int made = 0;
    folder_ = std::filesystem::temp_directory_path() /
              ("pipit-emit-c-" + std::to_string(getpid()) + "-" + std::to_string(made++));
    std::filesystem::create_directory(folder_);
    std::ofstream(folder_ / "model.h") << model.header;
    std::ofstream(folder_ / "model.c") << model.source;
    const std::string library = (folder_ / "model.so").string();
    const auto built =
        support::run({"clang-22", "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O2", "-shared",
                      "-fPIC", "-ffp-contract=off", "-o", library, (folder_ / "model.c").string()});
    EXPECT_TRUE(built.ok());
    EXPECT_EQ(built->exit_code, 0) << built->err;
    handle_ = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    EXPECT_NE(handle_, nullptr) << dlerror();
  }
  ~Library() {
    if (handle_ != nullptr) dlclose(handle_);
    std::filesystem::remove_all(folder_);
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  template <class Function>
  Function* symbol(const char* name) {
    void* found = dlsym(handle_, name);
    EXPECT_NE(found, nullptr) << name;
    return reinterpret_cast<Function*>(found);
  }

 private:
  std::filesystem::path folder_;
  void* handle_ = nullptr;
};

using Tensors = std::vector<std::vector<u8>>;

/// The engine, one sequence of inferences.
class Engine {
 public:
  explicit Engine(const std::vector<u8>& pipm) {
    const auto model = nn::PlannedModel::load(pipm);
    if (!model.ok()) {
      ADD_FAILURE() << model.error().message;
      return;
    }
    model_.emplace(*model);
    memory_.resize(model_->arena_bytes() + 16);
    u8* arena = memory_.data() + (16 - reinterpret_cast<usize>(memory_.data()) % 16);
    auto executor = nn::Executor::create(*model_, {arena, model_->arena_bytes()});
    EXPECT_TRUE(executor.ok());
    executor_.emplace(*executor);
  }
  const nn::PlannedModel& model() const { return *model_; }
  /// All outputs for all inputs.
  Tensors infer(const Tensors& inputs) {
    for (u32 i = 0; i < inputs.size(); ++i)
      EXPECT_TRUE(executor_->set_input(i, model_->input(i).dtype, inputs[i]).ok());
    EXPECT_TRUE(executor_->run().ok());
    Tensors outputs;
    for (u32 i = 0; i < model_->output_count(); ++i) {
      const Bytes bytes = executor_->output(i);
      outputs.emplace_back(bytes.begin(), bytes.end());
    }
    return outputs;
  }
  void forget() { executor_->forget(); }

 private:
  std::optional<nn::PlannedModel> model_;
  std::vector<u8> memory_;
  std::optional<nn::Executor> executor_;
};

/// Generated C under the engine's interface.
class Generated {
 public:
  explicit Generated(const CModel& model) : library_(model), run_(library_.symbol<void()>("model_run")) {
    remembers_ = std::ranges::count(model.functions, "model_reset") > 0;
  }
  bool remembers() const { return remembers_; }
  Tensors infer(const Tensors& inputs, const nn::PlannedModel& model) {
    for (usize i = 0; i < inputs.size(); ++i)
      std::memcpy(library_.symbol<void*()>(("model_input" + std::to_string(i)).c_str())(), inputs[i].data(),
                  inputs[i].size());
    run_();
    Tensors outputs;
    for (u32 i = 0; i < model.output_count(); ++i) {
      const u8* at = library_.symbol<const u8*()>(("model_output" + std::to_string(i)).c_str())();
      outputs.emplace_back(at, at + model.output(i).bytes);
    }
    return outputs;
  }
  void reset() { library_.symbol<void()>("model_reset")(); }

 private:
  Library library_;
  void (*run_)();
  bool remembers_ = false;
};

/// Random values of a tensor: reals within 2, whole numbers from the whole range, or few where they index.
inline std::vector<u8> random_tensor(const nn::TensorInfo& info, std::minstd_rand& random) {
  std::vector<u8> bytes(info.bytes);
  const auto fill = [&]<class T>(auto make) {
    for (usize at = 0; at < bytes.size(); at += sizeof(T)) {
      const T value = static_cast<T>(make());
      std::memcpy(&bytes[at], &value, sizeof value);
    }
  };
  switch (info.dtype) {
    case DType::f32:
      fill.operator()<f32>([&] { return static_cast<f32>(random() % 4001) / 1000.0f - 2.0f; });
      break;
    case DType::f16:  // of either sign, from 2^-6 to 4
      fill.operator()<u16>(
          [&] { return (random() >> 3 & 0x8000) | (9 * 1024 + (random() >> 4) % (8 * 1024)); });
      break;
    case DType::f64:
      fill.operator()<f64>([&] { return static_cast<f64>(random() % 4001) / 1000.0 - 2.0; });
      break;
    case DType::i64:
    case DType::u64: fill.operator()<u64>([&] { return (random() >> 8) % 3; }); break;
    case DType::boolean: fill.operator()<u8>([&] { return random() >> 8 & 1; }); break;
    default: fill.operator()<u8>([&] { return random() >> 8; }); break;
  }
  return bytes;
}

/// Runs `count` random inputs through the engine and through generated C, one after the other, and where the
/// model remembers them the same once more from the beginning.
inline void expect_same_bits(const std::vector<u8>& pipm, int count = 10) {
  const auto made = emit_c(pipm, "model");
  ASSERT_TRUE(made.ok()) << made.error().text;
  Generated generated(*made);
  Engine engine(pipm);
  std::vector<Tensors> before;
  for (int sequence = 0; sequence < (generated.remembers() ? 2 : 1); ++sequence) {
    std::minstd_rand random(5);
    for (int i = 0; i < count; ++i) {
      Tensors inputs;
      for (u32 input = 0; input < engine.model().input_count(); ++input)
        inputs.push_back(random_tensor(engine.model().input(input), random));
      const Tensors expected = engine.infer(inputs);
      ASSERT_EQ(generated.infer(inputs, engine.model()), expected) << "inference " << i;
      if (sequence == 0) before.push_back(expected);
      EXPECT_EQ(expected, before[static_cast<usize>(i)]);
    }
    if (!generated.remembers()) continue;
    engine.forget();
    generated.reset();
  }
}

}  // namespace pipit::model::testing
