#include <gtest/gtest.h>

#include <functional>

#include "nn/nn.h"
#include "nn/testing/sample_models.h"

namespace pipit::nn {
namespace {

using namespace testing;
using format::Conv2dAttributes;
using format::Opcode;
using File = std::vector<u8>;

/// Loads and, where that works, executes with random inputs; the sanitizers watch.
bool load_and_run(const File& file, Random& random) {
  const auto model = PlannedModel::load(file);
  if (!model.ok()) return false;
  const u32 bytes = model.value().arena_bytes();
  if (bytes > 1u << 20) return true;
  std::vector<u8> storage(bytes + 16);
  const usize at = reinterpret_cast<usize>(storage.data());
  auto executor = Executor::create(model.value(), MutBytes(storage).subspan((at + 15) / 16 * 16 - at, bytes));
  EXPECT_TRUE(executor.ok());
  for (u32 index = 0; index < model.value().input_count(); ++index) {
    const TensorInfo info = model.value().input(index);
    const auto data = random.int8s(info.bytes);
    const Bytes input{reinterpret_cast<const u8*>(data.data()), data.size()};
    EXPECT_TRUE(executor.value().set_input(index, info.dtype, input).ok());
  }
  EXPECT_TRUE(executor.value().run().ok());
  for (u32 index = 0; index < model.value().output_count(); ++index)
    EXPECT_EQ(executor.value().output(index).size(), model.value().output(index).bytes);
  return true;
}

TEST(Verify, AcceptsTheSamples) {
  Random random(1);
  EXPECT_TRUE(load_and_run(every_int8_operator(), random));
  EXPECT_TRUE(load_and_run(every_f32_operator(), random));
}

TEST(Verify, RefusesEveryTruncation) {
  const File whole = every_int8_operator();
  for (usize size = 0; size < whole.size(); ++size) {
    File cut(whole.begin(), whole.begin() + static_cast<i64>(size));
    ASSERT_FALSE(PlannedModel::load(cut).ok()) << size;
    ModelBuilder::seal(cut);
    // Size and checksum put right; the list of outputs ends the file, so something is always missing.
    ASSERT_FALSE(PlannedModel::load(cut).ok()) << size;
  }
}

TEST(Verify, RefusesEveryFlippedBit) {
  const File whole = every_f32_operator();
  for (usize at = 0; at < whole.size(); ++at) {
    File changed = whole;
    changed[at] ^= static_cast<u8>(1u << (at % 8));
    ASSERT_FALSE(PlannedModel::load(changed).ok()) << at;
  }
}

// A file with a right checksum may say anything at all: either it is refused or it runs within its memory.
TEST(Verify, SurvivesMutationsWithARightChecksum) {
  const File originals[] = {every_int8_operator(), every_f32_operator()};
  const u32 interesting[] = {0,          1,          2,          3,          4,         15,      16,
                             96,         0x7F,       0x80,       0xFF,       0xFFFF,    0x10000, 0x7FFFFFFF,
                             0x80000000, 0xFFFFFFF0, 0xFFFFFFFF, 0x7FC00000, 0x7F800000};
  u32 accepted = 0;
  for (u32 seed = first_seed(), end = seed + 40000; seed != end; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    File file = originals[seed % 2];
    for (i32 changes = random.integer(1, 3); changes > 0; --changes) {
      const usize at = static_cast<usize>(random.integer(16, static_cast<i32>(file.size()) - 4));
      const u32 choice = static_cast<u32>(random.integer(0, 3));
      u32 word;
      std::memcpy(&word, &file[at / 4 * 4], 4);
      if (choice == 0) file[at] = static_cast<u8>(random.integer(0, 255));
      if (choice == 1) word = interesting[random.integer(0, std::size(interesting) - 1)];
      if (choice == 2) word += static_cast<u32>(random.integer(-20, 20));
      if (choice == 3) word ^= 1u << random.integer(0, 31);
      if (choice != 0) std::memcpy(&file[at / 4 * 4], &word, 4);
    }
    ModelBuilder::seal(file);
    accepted += load_and_run(file, random);
  }
  EXPECT_GT(accepted, 1000u) << "mutations must reach the kernels too";
}

/// One convolution: input 0, weights 1, bias 2, factors 3, output 4.
File one_convolution() {
  ModelBuilder model;
  const u32 x = model.activation(DType::i8, {1, 4, 4, 2}, 0.1f, 3);
  const u32 weights = model.constant(DType::i8, {3, 3, 3, 2}, std::vector<i8>(54, 1));
  const u32 bias = model.constant(DType::i32, {3}, std::vector<i32>(3));
  const u32 factors =
      model.constant(DType::i32, {3, 2}, std::vector<i32>{1 << 30, -4, 1 << 30, -4, 1 << 30, -4});
  const u32 y = model.activation(DType::i8, {1, 4, 4, 3}, 0.1f, 3);
  model.op(Opcode::conv2d, {x, weights, bias, factors}, y,
           Conv2dAttributes{{1, 1, 1, 1, 1, 1, 1, 1}, kNoClampI8});
  return model.build({x}, {y});
}

struct Broken {
  const char* message;
  Code code;
  std::function<void(File&)> change;
};

auto tensor(u32 id, const std::function<void(format::TensorRecord&)>& change) {
  return [=](File& file) { change(ModelBuilder::tensor_of(file, id)); };
}
auto header(const std::function<void(format::Header&)>& change) {
  return [=](File& file) { change(ModelBuilder::header_of(file)); };
}
auto op(const std::function<void(format::OperatorRecord&)>& change) {
  return [=](File& file) { change(ModelBuilder::operator_of(file, 0)); };
}
auto attributes(const std::function<void(Conv2dAttributes&)>& change) {
  return [=](File& file) { change(ModelBuilder::attributes_of<Conv2dAttributes>(file, 0)); };
}
/// The `index`-th 32-bit element of constant `id`.
auto constant(u32 id, u32 index, i32 value) {
  return [=](File& file) {
    std::memcpy(file.data() + ModelBuilder::tensor_of(file, id).offset + usize{index} * 4, &value, 4);
  };
}
/// The `index`-th operand of the operator.
auto operand(u32 index, u32 id) {
  return [=](File& file) {
    std::memcpy(file.data() + ModelBuilder::operator_of(file, 0).ids_offset + usize{index} * 4, &id, 4);
  };
}

TEST(Verify, NamesWhatIsWrong) {
  const Broken cases[] = {
      {"model file without the magic PIPM", Code::malformed, header([](auto& h) { h.magic = 1; })},
      {"model file of another format version", Code::unsupported, header([](auto& h) { h.version = 9; })},
      {"model header of another size", Code::malformed, header([](auto& h) { h.header_bytes = 100; })},
      {"model state does not fit the arena", Code::malformed, header([](auto& h) { h.state_bytes = 1; })},
      {"model state does not fit the arena", Code::malformed,
       header([](auto& h) { h.state_bytes = h.arena_bytes + 16; })},
      {"model arena size is not a multiple of 16", Code::malformed,
       header([](auto& h) { h.arena_bytes += 4; })},
      {"model name is not terminated", Code::malformed,
       header([](auto& h) { std::memset(h.name, 'x', 32); })},
      {"tensor table empty or too long", Code::malformed, header([](auto& h) { h.tensor_count = 0; })},
      {"tensor table outside the file", Code::out_of_range,
       header([](auto& h) { h.tensors_offset = 0xFFFFFFFC; })},
      {"tensor table outside the file", Code::out_of_range, header([](auto& h) { h.tensors_offset = 0; })},
      {"operator table outside the file", Code::out_of_range,
       header([](auto& h) { h.operator_count = 4096; })},
      {"model inputs none or too many", Code::malformed, header([](auto& h) { h.input_count = 33; })},
      {"model output list outside the file", Code::out_of_range,
       header([](auto& h) { h.outputs_offset += 2; })},
      {"tensor of unknown element type", Code::malformed, tensor(0, [](auto& t) { t.dtype = 77; })},
      {"tensor rank exceeds 8", Code::malformed, tensor(0, [](auto& t) { t.rank = 9; })},
      {"tensor size differs from its shape", Code::malformed, tensor(0, [](auto& t) { t.dims[1] = 0; })},
      {"tensor dimensions do not fit its rank", Code::malformed, tensor(0, [](auto& t) { t.dims[5] = 1; })},
      {"tensor larger than 1 GiB", Code::malformed,
       tensor(0, [](auto& t) { t.dims[0] = t.dims[1] = 0xFFFFFFFF; })},
      {"tensor size differs from its shape", Code::malformed, tensor(0, [](auto& t) { t.bytes += 1; })},
      {"constant tensor outside the file", Code::out_of_range,
       tensor(1, [](auto& t) { t.offset = 0xFFFFFFF0; })},
      {"constant tensor outside the file", Code::out_of_range, tensor(1, [](auto& t) { t.offset += 4; })},
      {"tensor outside the arena", Code::out_of_range, tensor(4, [](auto& t) { t.offset = 0xFFFFFFF0; })},
      {"tensor of unknown placement", Code::malformed, tensor(4, [](auto& t) { t.placement = 3; })},
      {"tensor scale is not a finite positive number", Code::malformed,
       tensor(0, [](auto& t) { t.scale = __builtin_nanf(""); })},
      {"tensor zero point out of range", Code::malformed, tensor(0, [](auto& t) { t.zero_point = 128; })},
      {"tensor channel scales outside the file", Code::out_of_range,
       tensor(1, [](auto& t) { t.channel_scales = 0x7FFFFFF0; })},
      {"tensor name outside the file", Code::out_of_range,
       tensor(1, [](auto& t) { t.name_offset = 0x7FFFFFF0; })},
      {"model input is no activation", Code::malformed,
       [](File& file) { std::memset(file.data() + ModelBuilder::header_of(file).inputs_offset, 1, 1); }},
      {"tensor id outside the table", Code::out_of_range,
       [](File& file) { std::memset(file.data() + ModelBuilder::header_of(file).outputs_offset, 9, 1); }},
      {"operator unknown", Code::unsupported, op([](auto& o) { o.opcode = 99; })},
      {"operator with a wrong number of operands", Code::malformed, op([](auto& o) { o.input_count = 2; })},
      {"operator operands outside the file", Code::out_of_range,
       op([](auto& o) { o.ids_offset = 0x7FFFFFFC; })},
      {"operator attributes of a wrong size", Code::malformed, op([](auto& o) { o.attributes_bytes = 8; })},
      {"operator attributes outside the file", Code::out_of_range,
       op([](auto& o) { o.attributes_offset = 4; })},
      {"operator operand outside the tensor table", Code::out_of_range, operand(0, 5)},
      {"operator's output is no activation", Code::malformed, operand(4, 1)},
      {"operator output overlaps an input", Code::malformed, tensor(4, [](auto& t) { t.offset = 16; })},
      {"operator input not computed or overwritten before", Code::malformed,
       [](File& file) {  // the model's only input becomes tensor 4, which nobody reads
         std::memset(file.data() + ModelBuilder::header_of(file).inputs_offset, 4, 1);
       }},
      {"operator mixes element types", Code::malformed,
       tensor(4, [](auto& t) { t.dtype = static_cast<u8>(DType::boolean), t.zero_point = 0; })},
      {"operator on an int8 tensor without a scale", Code::malformed,
       tensor(4, [](auto& t) { t.scale = 0; })},
      {"operator output size does not follow from its window", Code::malformed,
       attributes([](auto& a) { a.window.stride_h = 2; })},
      {"operator output size does not follow from its window", Code::malformed,
       attributes([](auto& a) { a.window.dilation_w = 0; })},
      {"conv2d weights do not fit the channels", Code::malformed,
       tensor(4, [](auto& t) { t.dims[3] = 2, t.bytes = 32; })},
      {"conv2d clamp is empty or out of range", Code::malformed,
       attributes([](auto& a) { a.clamp = format::Clamp::of(5, 4); })},
      {"operator bias is not one constant per output channel", Code::malformed,
       tensor(2, [](auto& t) { t.dims[0] = 2, t.bytes = 8; })},
      {"operator bias leaves no room for its products", Code::malformed, constant(2, 1, 0x7FFFFFFF)},
      {"operator rescale factor is not normalised", Code::malformed, constant(3, 2, 12345)},
      {"operator rescale factor is not normalised", Code::malformed, constant(3, 3, 31)},
  };
  ASSERT_TRUE(PlannedModel::load(one_convolution()).ok());
  for (const Broken& broken : cases) {
    File file = one_convolution();
    broken.change(file);
    ModelBuilder::seal(file);
    const auto model = PlannedModel::load(file);
    ASSERT_FALSE(model.ok()) << broken.message;
    EXPECT_STREQ(model.error().message, broken.message);
    EXPECT_EQ(model.error().code, broken.code) << broken.message;
    EXPECT_NE(model.error().where, Error::kNowhere) << broken.message;
  }
}

TEST(Verify, RefusesAWrongSizeOrChecksum) {
  File file = one_convolution();
  file.push_back(0);
  EXPECT_STREQ(PlannedModel::load(file).error().message, "model file size differs from its header");
  file.pop_back();
  file.back() ^= 1;
  EXPECT_STREQ(PlannedModel::load(file).error().message, "model file checksum does not match");
}

TEST(Verify, RefusesAMisalignedFile) {
  const File file = one_convolution();
  File shifted(file.size() + 1);
  std::copy(file.begin(), file.end(), shifted.begin() + 1);
  const auto model = PlannedModel::load(Bytes(shifted).subspan(1));
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.error().code, Code::invalid_argument);
}

// a → relu in place → b: a is gone, so adding a and b is a planner's bug.
TEST(Verify, RefusesAnInputThatWasOverwritten) {
  ModelBuilder model;
  const u32 a = model.activation(DType::f32, {4}), b = model.activation(DType::f32, {4}, 0, 0, 0);
  const u32 sum = model.activation(DType::f32, {4});
  model.op(Opcode::clamp, {a}, b, format::ClampAttributes{format::Clamp::of(0.0f, 1.0f)});
  model.op(Opcode::add, {b, a}, sum, format::AddAttributes{{}, {}, {}, kNoClampF32});
  const auto loaded = PlannedModel::load(model.build({a}, {sum}));
  ASSERT_FALSE(loaded.ok());
  EXPECT_STREQ(loaded.error().message, "operator input not computed or overwritten before");
  EXPECT_EQ(loaded.error().where, 1u);
}

TEST(Verify, RefusesAnOutputThatWasOverwritten) {
  ModelBuilder model;
  const u32 a = model.activation(DType::f32, {4}), b = model.activation(DType::f32, {4});
  const u32 c = model.activation(DType::f32, {4}, 0, 0, 16);
  const format::ClampAttributes relu{format::Clamp::of(0.0f, 1.0f)};
  model.op(Opcode::clamp, {a}, b, relu);
  model.op(Opcode::clamp, {b}, c, relu);
  EXPECT_TRUE(PlannedModel::load(model.build({a}, {c})).ok());
  EXPECT_STREQ(PlannedModel::load(model.build({a}, {b})).error().message,
               "model output not computed or overwritten");
}

TEST(Verify, RefusesModelInputsThatOverlap) {
  ModelBuilder model;
  const u32 a = model.activation(DType::f32, {8}), b = model.activation(DType::f32, {4}, 0, 0, 16);
  const u32 out = model.activation(DType::f32, {4});
  model.op(Opcode::clamp, {b}, out, format::ClampAttributes{kNoClampF32});
  EXPECT_STREQ(PlannedModel::load(model.build({a, b}, {out})).error().message, "model inputs overlap");
}

/// An operator on fresh activations of the given shapes, all with one scale; whether it loads.
template <class T>
bool accepts(Opcode opcode, DType dtype, const std::vector<ModelBuilder::DimList>& inputs,
             const ModelBuilder::DimList& output, const T& attributes) {
  ModelBuilder model;
  const f32 scale = dtype == DType::i8 ? 0.1f : 0;
  ModelBuilder::Ids ids;
  for (const auto& dims : inputs) ids.push_back(model.activation(dtype, dims, scale));
  const u32 out = model.activation(dtype, output, scale);
  model.op(opcode, ids, out, attributes);
  return PlannedModel::load(model.build(ids, {out})).ok();
}

TEST(Verify, BinaryOperatorsRepeatOnlyTails) {
  const format::AddAttributes sum{{}, {}, {}, kNoClampF32};
  const auto add = [&](const ModelBuilder::DimList& a, const ModelBuilder::DimList& b) {
    return accepts(Opcode::add, DType::f32, {a, b}, a, sum);
  };
  EXPECT_TRUE(add({2, 3, 4}, {2, 3, 4}));
  EXPECT_TRUE(add({2, 3, 4}, {4}));
  EXPECT_TRUE(add({2, 3, 4}, {1, 3, 4}));
  EXPECT_TRUE(add({2, 3, 4}, {1}));
  EXPECT_TRUE(add({2, 3, 4}, {}));
  EXPECT_FALSE(add({2, 3, 4}, {3}));
  EXPECT_FALSE(add({2, 3, 4}, {2, 1, 1}));
  EXPECT_FALSE(add({4}, {2, 4}));
}

TEST(Verify, AddWantsInputFactorsBelowOne) {
  const format::Rescale half = rescale_of(0.5), two = rescale_of(2);
  const std::vector<ModelBuilder::DimList> inputs{{4}, {4}};
  EXPECT_TRUE(
      accepts(Opcode::add, DType::i8, inputs, {4}, format::AddAttributes{half, half, two, kNoClampI8}));
  EXPECT_FALSE(
      accepts(Opcode::add, DType::i8, inputs, {4}, format::AddAttributes{two, half, half, kNoClampI8}));
}

TEST(Verify, ShapesOfMovingOperators) {
  using format::ConcatAttributes;
  using format::PadAttributes;
  using format::TransposeAttributes;
  EXPECT_TRUE(accepts(Opcode::transpose, DType::i8, {{2, 3}}, {3, 2}, TransposeAttributes{{1, 0}}));
  EXPECT_FALSE(accepts(Opcode::transpose, DType::i8, {{2, 3}}, {2, 3}, TransposeAttributes{{1, 0}}));
  EXPECT_FALSE(accepts(Opcode::transpose, DType::i8, {{2, 2}}, {2, 2}, TransposeAttributes{{1, 1}}));
  EXPECT_FALSE(accepts(Opcode::transpose, DType::i8, {{2, 2}}, {2, 2}, TransposeAttributes{{1, 200}}));
  EXPECT_TRUE(accepts(Opcode::pad, DType::f32, {{2}}, {5}, PadAttributes{{1}, {2}, 0}));
  EXPECT_FALSE(accepts(Opcode::pad, DType::f32, {{2}}, {5}, PadAttributes{{1}, {0xFFFFFFFF}, 0}));
  EXPECT_FALSE(accepts(Opcode::pad, DType::f32, {{2}}, {2}, PadAttributes{{0, 1}, {0}, 0}));
  EXPECT_TRUE(accepts(Opcode::concat, DType::i8, {{2, 1}, {2, 3}}, {2, 4}, ConcatAttributes{1}));
  EXPECT_FALSE(accepts(Opcode::concat, DType::i8, {{2, 1}, {3, 3}}, {2, 4}, ConcatAttributes{1}));
  EXPECT_FALSE(accepts(Opcode::concat, DType::i8, {{2, 1}, {2, 3}}, {2, 4}, ConcatAttributes{2}));
  EXPECT_TRUE(accepts(Opcode::reshape, DType::i8, {{2, 3}}, {6}, format::NoAttributes{}));
  EXPECT_FALSE(accepts(Opcode::reshape, DType::i8, {{2, 3}}, {5}, format::NoAttributes{}));
}

TEST(Verify, PoolingWindowsTouchTheImage) {
  const auto pool = [&](Opcode opcode, format::Window window, u16 kernel, u32 out) {
    return accepts(opcode, DType::i8, {{1, 4, 4, 2}}, {1, out, out, 2},
                   format::Pool2dAttributes{window, kernel, kernel, 0, kNoClampI8});
  };
  EXPECT_TRUE(pool(Opcode::max_pool2d, {2, 2, 1, 1, 0, 0, 0, 0}, 2, 2));
  EXPECT_TRUE(pool(Opcode::max_pool2d, {1, 1, 1, 1, 1, 1, 1, 1}, 3, 4));
  EXPECT_FALSE(pool(Opcode::max_pool2d, {1, 1, 1, 1, 2, 2, 2, 2}, 2, 7));
  EXPECT_FALSE(pool(Opcode::average_pool2d, {1, 1, 2, 2, 0, 0, 0, 0}, 2, 2));
  EXPECT_TRUE(pool(Opcode::max_pool2d, {1, 1, 2, 2, 0, 0, 0, 0}, 2, 2));
  // Two taps six apart around an image of four: the ends straddle it.
  EXPECT_FALSE(pool(Opcode::max_pool2d, {1, 1, 6, 6, 1, 3, 1, 3}, 2, 2));
}

}  // namespace
}  // namespace pipit::nn
