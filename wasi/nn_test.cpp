#include "nn/testing/sample_models.h"
#include "wasi/errno.h"
#include "wasi/tests/probe.h"

namespace pipit::wasi {
namespace {

using testing::Probe;

constexpr u32 code(NnErrno error) { return static_cast<u32>(error); }
constexpr u32 kOk = 0, kAt = 2048, kTensor = 1024, kDims = 1100, kOut = 1200;
constexpr u32 kInputs = 8 * 8 * 2, kInputBytes = kInputs * 4, kOutputBytes = 12;

/// A probe with a model of every int8 operator under the name "default".
class Nn : public ::testing::Test {
 protected:
  Nn() : file_(nn::testing::every_int8_operator()), models_{{"default", *nn::PlannedModel::load(file_)}} {
    probe.context.models = models_;
    nn::testing::Random random(7);
    input = random.reals(kInputs, -2, 2);
  }

  /// A tensor record for `input`, lying at kAt.
  void poke_tensor(std::vector<u32> dims, u8 type = 1, u32 bytes = kInputBytes) {
    for (u32 i = 0; i < dims.size(); ++i) probe.poke(kDims + 4 * i, dims[i]);
    probe.poke(kTensor, kDims);
    probe.poke(kTensor + 4, static_cast<u32>(dims.size()));
    probe.poke(kTensor + 8, u32{type});
    probe.poke(kTensor + 12, kAt);
    probe.poke(kTensor + 16, bytes);
    std::memcpy(&probe.memory()[kAt], input.data(), kInputBytes);
  }
  void make_context() {
    probe.poke_text(kAt, "default");
    ASSERT_EQ(probe.call("load_by_name", {kAt, 7, kOut}), kOk);
    ASSERT_EQ(probe.call("init_execution_context", {probe.peek<u32>(kOut), kOut}), kOk);
  }
  std::vector<u8> expected() {
    const nn::PlannedModel& model = models_[0].model;
    std::vector<u8> storage(model.arena_bytes() + 16);
    Arena arena(storage);
    auto executor = nn::Executor::create(
        model, {static_cast<u8*>(arena.allocate(model.arena_bytes(), 16)), model.arena_bytes()});
    PIPIT_CHECK(executor.ok());
    const Bytes bytes(reinterpret_cast<const u8*>(input.data()), kInputBytes);
    PIPIT_CHECK(executor->set_input(0, DType::f32, bytes).ok() && executor->run().ok());
    const Bytes output = executor->output(0);
    return {output.begin(), output.end()};
  }

  Probe probe;
  std::vector<u8> file_;
  std::vector<NamedModel> models_;
  std::vector<f32> input;
};

TEST_F(Nn, ComputesWhatTheExecutorComputesOneOperatorATime) {
  make_context();
  poke_tensor({1, 8, 8, 2});
  ASSERT_EQ(probe.call("set_input", {0, 0, kTensor}), kOk);
  probe.start("compute", {0});
  u32 pauses = 0;
  while (probe.resume() == wasm::RunState::pending) {
    EXPECT_TRUE(probe.context.computing);
    ++pauses;
  }
  ASSERT_EQ(probe.instance().state(), wasm::RunState::finished);
  EXPECT_EQ(probe.answer(), kOk);
  EXPECT_EQ(pauses, models_[0].model.operator_count() - 1);
  EXPECT_FALSE(probe.context.computing);
  EXPECT_EQ(probe.context.inference_instructions, 10u * models_[0].model.operator_count());
  ASSERT_EQ(probe.call("get_output", {0, 0, kOut, 100, kTensor}), kOk);
  EXPECT_EQ(probe.peek<u32>(kTensor), kOutputBytes);
  const auto want = expected();
  EXPECT_EQ(std::memcmp(want.data(), &probe.memory()[kOut], kOutputBytes), 0);
}

TEST_F(Nn, DimensionsOfOneDoNotCountAndOthersMust) {
  make_context();
  poke_tensor({8, 8, 2});
  EXPECT_EQ(probe.call("set_input", {0, 0, kTensor}), kOk);
  poke_tensor({1, 8, 1, 8, 2, 1});
  EXPECT_EQ(probe.call("set_input", {0, 0, kTensor}), kOk);
  for (const auto& dims :
       std::vector<std::vector<u32>>{{128}, {8, 2, 8}, {8, 8, 2, 2}, {8, 8}, {}, {2, 8, 8, 2}}) {
    poke_tensor(dims);
    EXPECT_EQ(probe.call("set_input", {0, 0, kTensor}), code(NnErrno::invalid_argument));
  }
}

TEST_F(Nn, WrongTypeSizeOrIndexIsAnErrorNeverCut) {
  make_context();
  poke_tensor({8, 8, 2}, 4);
  EXPECT_EQ(probe.call("set_input", {0, 0, kTensor}), code(NnErrno::invalid_argument));
  poke_tensor({8, 8, 2}, 200);
  EXPECT_EQ(probe.call("set_input", {0, 0, kTensor}), code(NnErrno::invalid_argument));
  poke_tensor({8, 8, 2}, 1, kInputBytes + 4);
  EXPECT_EQ(probe.call("set_input", {0, 0, kTensor}), code(NnErrno::invalid_argument));
  poke_tensor({8, 8, 2}, 1, kInputBytes - 4);
  EXPECT_EQ(probe.call("set_input", {0, 0, kTensor}), code(NnErrno::invalid_argument));
  poke_tensor({8, 8, 2});
  EXPECT_EQ(probe.call("set_input", {0, 1, kTensor}), code(NnErrno::invalid_argument));
  EXPECT_EQ(probe.call("set_input", {1, 0, kTensor}), code(NnErrno::invalid_argument));
  EXPECT_EQ(probe.call("set_input", {0, 0, 65'530}), code(NnErrno::missing_memory));
  probe.poke(kTensor + 12, u32{65'100});
  EXPECT_EQ(probe.call("set_input", {0, 0, kTensor}), code(NnErrno::missing_memory));
}

TEST_F(Nn, OutputNeedsAnInferenceAndRoom) {
  make_context();
  EXPECT_EQ(probe.call("compute", {0}), code(NnErrno::invalid_argument));
  EXPECT_EQ(probe.call("get_output", {0, 0, kOut, 100, kTensor}), code(NnErrno::runtime_error));
  poke_tensor({8, 8, 2});
  ASSERT_EQ(probe.call("set_input", {0, 0, kTensor}), kOk);
  probe.start("compute", {0});
  while (probe.resume() == wasm::RunState::pending) {
  }
  EXPECT_EQ(probe.answer(), kOk);
  probe.poke(kOut, u32{0xABABABAB});
  EXPECT_EQ(probe.call("get_output", {0, 0, kOut, kOutputBytes - 1, kTensor}), code(NnErrno::too_large));
  EXPECT_EQ(probe.peek<u32>(kOut), 0xABABABABu);
  EXPECT_EQ(probe.call("get_output", {0, 1, kOut, 100, kTensor}), code(NnErrno::invalid_argument));
  EXPECT_EQ(probe.call("get_output", {0, 0, 65'530, 100, kTensor}), code(NnErrno::missing_memory));
}

TEST_F(Nn, LoadsPlannedModelsFromBytes) {
  ASSERT_LT(kAt + file_.size(), 65'536u);
  std::memcpy(&probe.memory()[kAt], file_.data(), file_.size());
  const u32 size = static_cast<u32>(file_.size());
  probe.poke(kTensor, kAt);
  probe.poke(kTensor + 4, size);
  ASSERT_EQ(probe.call("load", {kTensor, 1, 5, 0, kOut}), kOk);
  // The guest's own copy no longer matters.
  std::memset(&probe.memory()[kAt], 0, size);
  ASSERT_EQ(probe.call("init_execution_context", {probe.peek<u32>(kOut), kOut}), kOk);
  poke_tensor({8, 8, 2});
  EXPECT_EQ(probe.call("set_input", {0, 0, kTensor}), kOk);
}

TEST_F(Nn, RefusesBytesThatAreNoModelAndGivesTheArenaBack) {
  std::vector<u8> broken = file_;
  broken[broken.size() / 2] ^= 1;
  std::memcpy(&probe.memory()[kAt], broken.data(), broken.size());
  probe.poke(kTensor, kAt);
  probe.poke(kTensor + 4, static_cast<u32>(broken.size()));
  const usize before = probe.context.arena->used();
  EXPECT_EQ(probe.call("load", {kTensor, 1, 5, 0, kOut}), code(NnErrno::invalid_encoding));
  EXPECT_EQ(probe.call("load", {kTensor, 1, 1, 0, kOut}), code(NnErrno::invalid_encoding));
  EXPECT_EQ(probe.call("load", {kTensor, 2, 5, 0, kOut}), code(NnErrno::invalid_argument));
  EXPECT_EQ(probe.call("load", {kTensor, 1, 5, 1, kOut}), code(NnErrno::unsupported_operation));
  EXPECT_EQ(probe.call("load", {65'532, 1, 5, 0, kOut}), code(NnErrno::missing_memory));
  EXPECT_EQ(probe.context.arena->used(), before);
  EXPECT_EQ(probe.context.graph_count, 0u);
}

TEST_F(Nn, NamesAndBounds) {
  probe.poke_text(kAt, "default");
  EXPECT_EQ(probe.call("load_by_name", {kAt, 6, kOut}), code(NnErrno::not_found));
  ASSERT_EQ(probe.call("load_by_name", {kAt, 7, kOut}), kOk);
  ASSERT_EQ(probe.call("load_by_name", {kAt, 7, kOut}), kOk);
  EXPECT_EQ(probe.context.graph_count, 1u);
  EXPECT_EQ(probe.call("init_execution_context", {1, kOut}), code(NnErrno::invalid_argument));
  for (u32 i = 0; i < kMaxExecutions; ++i) EXPECT_EQ(probe.call("init_execution_context", {0, kOut}), kOk);
  EXPECT_EQ(probe.call("init_execution_context", {0, kOut}), code(NnErrno::too_large));
}

TEST_F(Nn, AnArenaTooSmallIsRefused) {
  std::vector<u8> little(256);
  Arena arena(little);
  probe.context.arena = &arena;
  probe.poke_text(kAt, "default");
  ASSERT_EQ(probe.call("load_by_name", {kAt, 7, kOut}), kOk);
  EXPECT_EQ(probe.call("init_execution_context", {0, kOut}), code(NnErrno::too_large));
  EXPECT_EQ(arena.used(), 0u);
}

TEST_F(Nn, ExecutionBytesCoversWhatAContextTakes) {
  make_context();
  EXPECT_LE(probe.context.arena->used(), execution_bytes(models_[0].model));
}

}  // namespace
}  // namespace pipit::wasi
