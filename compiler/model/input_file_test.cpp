#include "compiler/model/input_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <random>

#include "base/endian.h"
#include "compiler/model/compiler.h"
#include "compiler/model/evaluate.h"
#include "compiler/model/npy.h"
#include "compiler/model/testing/models.h"
#include "support/files.h"

namespace pipit::model {
namespace {

using testing::Builder;

/// Relu of an input of the given shape: what goes in, if positive, comes out.
std::vector<u8> relu(std::vector<i64> dims) {
  Builder b;
  const auto x = b.input("x", dims);
  b.node("Relu", {x}, "y");
  const auto compiled = compile_model(b.finish("y", dims));
  EXPECT_TRUE(compiled.ok()) << compiled.error().text;
  return compiled->pipm;
}

std::vector<u8> bitmap(u32 width, u32 height, std::array<u8, 3> left, std::array<u8, 3> right) {
  const u32 row = (width * 3 + 3) / 4 * 4;
  std::vector<u8> file(54 + row * height);
  file[0] = 'B';
  file[1] = 'M';
  store_le(&file[2], static_cast<u32>(file.size()));
  store_le(&file[10], u32{54});
  store_le(&file[14], u32{40});
  store_le(&file[18], width);
  store_le(&file[22], height);
  store_le(&file[26], u16{1});
  store_le(&file[28], u16{24});
  for (u32 y = 0; y < height; ++y)
    for (u32 x = 0; x < width; ++x)
      for (u32 c = 0; c < 3; ++c) file[54 + y * row + x * 3 + c] = (x < width / 2 ? left : right)[2 - c];
  return file;
}

class InputFile : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::vector<u8>& data) {
    const std::string path = ::testing::TempDir() + std::to_string(getpid()) + name;
    EXPECT_TRUE(support::write_file(path, data).ok());
    paths_.push_back(path);
    return path;
  }
  void TearDown() override {
    for (const auto& path : paths_) unlink(path.c_str());
  }
  static std::vector<f32> floats(const Sample& sample) {
    std::vector<f32> values;
    for (usize i = 0; i < sample.size(); i += 4) values.push_back(load_le<f32>(&sample[i]));
    return values;
  }

 private:
  std::vector<std::string> paths_;
};

TEST_F(InputFile, PicturesFitBothLayouts) {
  const std::string path = write(".bmp", bitmap(8, 4, {255, 0, 51}, {0, 255, 102}));
  const auto first = relu({1, 3, 2, 2});
  const auto model = *nn::PlannedModel::load(first);
  InputOptions options;
  options.fit = Fit::stretch;
  auto samples = read_samples(path, model, options);
  ASSERT_TRUE(samples.ok()) << samples.error().text;
  ASSERT_EQ(samples->size(), 1u);
  const auto values = floats(samples->front());
  const std::vector<f32> expected{1, 0, 1, 0, 0, 1, 0, 1, 0.2f, 0.4f, 0.2f, 0.4f};
  ASSERT_EQ(values.size(), expected.size());
  // Bilinear shrinking lets a little of the neighbour in.
  for (usize i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], 0.15) << i;
  options.normalised = true;
  options.mean = {0.5f, 0.5f, 0.5f};
  options.deviation = {0.5f, 0.5f, 0.5f};
  samples = read_samples(path, model, options);
  ASSERT_TRUE(samples.ok());
  for (usize i = 0; i < values.size(); ++i)
    EXPECT_NEAR(floats(samples->front())[i], values[i] * 2 - 1, 1e-5) << i;
}

TEST_F(InputFile, ArraysAndRawElementsAreBatches) {
  const auto file = relu({1, 4});
  const auto model = *nn::PlannedModel::load(file);
  const std::vector<f32> numbers{1, 2, 3, 4, 5, 6, 7, 8};
  const auto data = testing::bytes_of(numbers);
  for (const auto& path : {write(".npy", write_npy({DType::f32, {2, 4}, data})), write(".bin", data)}) {
    const auto samples = read_samples(path, model);
    ASSERT_TRUE(samples.ok()) << samples.error().text;
    ASSERT_EQ(samples->size(), 2u);
    EXPECT_EQ(floats((*samples)[1]), (std::vector<f32>{5, 6, 7, 8}));
  }
  const auto wrong = read_samples(
      write(".npy", write_npy({DType::f32, {3}, testing::bytes_of(std::vector<f32>(3))})), model);
  ASSERT_FALSE(wrong.ok());
  EXPECT_NE(wrong.error().text.find("no multiple of the model's input f32[1x4]"), std::string::npos)
      << wrong.error().text;
  const auto raw = read_samples(write(".bin", std::vector<u8>(15)), model);
  ASSERT_FALSE(raw.ok());
  EXPECT_NE(raw.error().text.find("holds 15 bytes, a sample of the model (f32[1x4]) is 16"),
            std::string::npos)
      << raw.error().text;
}

TEST_F(InputFile, SoundBecomesWindows) {
  std::vector<u8> wav(44);
  std::memcpy(&wav[0], "RIFF", 4);
  std::memcpy(&wav[8], "WAVEfmt ", 8);
  store_le(&wav[16], u32{16});
  store_le(&wav[20], u16{1});
  store_le(&wav[22], u16{2});
  store_le(&wav[34], u16{16});
  std::memcpy(&wav[36], "data", 4);
  for (i16 i = 0; i < 9; ++i)
    for (const i16 side : {-1, 1}) {
      wav.resize(wav.size() + 2);
      store_le(&wav[wav.size() - 2], static_cast<i16>(i * 1024 + side));
    }
  store_le(&wav[40], static_cast<u32>(wav.size() - 44));
  const auto file = relu({1, 4});
  const auto samples = read_samples(write(".wav", wav), *nn::PlannedModel::load(file));
  ASSERT_TRUE(samples.ok()) << samples.error().text;
  ASSERT_EQ(samples->size(), 2u);  // the ninth is no whole window
  EXPECT_EQ(floats((*samples)[1]), (std::vector<f32>{4.0f / 32, 5.0f / 32, 6.0f / 32, 7.0f / 32}));
}

TEST_F(InputFile, RefusesSoundForAnInputOfSeveralAxes) {
  const auto file = relu({1, 4, 2});
  std::vector<u8> wav(44 + 64);
  std::memcpy(&wav[0], "RIFF", 4);
  std::memcpy(&wav[8], "WAVEfmt ", 8);
  store_le(&wav[16], u32{16});
  store_le(&wav[20], u16{1});
  store_le(&wav[22], u16{1});
  store_le(&wav[34], u16{16});
  std::memcpy(&wav[36], "data", 4);
  store_le(&wav[40], u32{64});
  const auto samples = read_samples(write(".wav", wav), *nn::PlannedModel::load(file));
  ASSERT_FALSE(samples.ok());
  EXPECT_NE(samples.error().text.find("f32[1x4x2] is no sound"), std::string::npos) << samples.error().text;
}

TEST_F(InputFile, RoundsPicturesAndArraysToHalfPrecision) {
  Builder b;
  b.input("x", {1, 1, 2, 2});
  b.node("Relu", {"x"}, "y");
  b.model.inputs[0].type = onnx_file::ElementType::f16;
  b.model.outputs.push_back({"y", onnx_file::ElementType::f16, {1, 1, 2, 2}});
  const auto compiled = compile_model(onnx_file::serialise(b.model));
  ASSERT_TRUE(compiled.ok()) << compiled.error().text;
  const auto model = *nn::PlannedModel::load(compiled->pipm);
  const auto picture = read_samples(write(".bmp", bitmap(2, 2, {255, 255, 255}, {0, 0, 0})), model);
  ASSERT_TRUE(picture.ok()) << picture.error().text;
  EXPECT_EQ((*picture)[0], (Sample{0, 0x3C, 0, 0, 0, 0x3C, 0, 0}));  // 1, 0 in each row
  const auto array = read_samples(
      write(".npy", write_npy({DType::f32, {4}, testing::bytes_of<f32>({0.5f, 0.1f, -2, 65504})})), model);
  ASSERT_TRUE(array.ok()) << array.error().text;
  EXPECT_EQ((*array)[0], (Sample{0, 0x38, 0x66, 0x2E, 0, 0xC0, 0xFF, 0x7B}));
  const auto back = real_values(model.input(0), (*array)[0]);
  EXPECT_EQ(back, (std::vector<f32>{0.5f, 0.0999755859375f, -2, 65504}));
}

TEST_F(InputFile, ReadsOutputsOfEveryType) {
  const auto read = [](DType type, const std::vector<u8>& bytes, f32 scale = 0) {
    nn::TensorInfo info;
    info.dtype = type;
    info.scale = scale;
    return real_values(info, bytes);
  };
  EXPECT_EQ(read(DType::i64, testing::bytes_of<i64>({-7, 281})), (std::vector<f32>{-7, 281}));
  EXPECT_EQ(read(DType::f64, testing::bytes_of<f64>({0.5, -4})), (std::vector<f32>{0.5f, -4}));
  EXPECT_EQ(read(DType::u16, testing::bytes_of<u16>({65535})), (std::vector<f32>{65535}));
  EXPECT_EQ(read(DType::i8, {0xFE, 2}, 0.25f), (std::vector<f32>{-0.5f, 0.5f}));
  EXPECT_EQ(read(DType::boolean, {0, 1}), (std::vector<f32>{0, 1}));
}

/// Damaged headers answer with an error or a sample, never worse.
TEST_F(InputFile, SurvivesDamage) {
  const auto file = relu({1, 3, 2, 2});
  const auto model = *nn::PlannedModel::load(file);
  const std::vector<std::vector<u8>> wholes{bitmap(8, 4, {9, 9, 9}, {1, 1, 1}),
                                            write_npy({DType::f32, {1, 3, 2, 2}, std::vector<u8>(48)})};
  std::minstd_rand random(3);
  for (u32 round = 0; round < 300; ++round) {
    std::vector<u8> data = wholes[round % 2];
    for (u32 i = 0; i < 3; ++i) data[random() % std::min<usize>(data.size(), 80)] = static_cast<u8>(random());
    if (round % 5 == 0) data.resize(random() % data.size());
    const auto samples = read_samples(write(".dat", data), model);
    if (!samples.ok()) EXPECT_FALSE(samples.error().text.empty());
  }
}

}  // namespace
}  // namespace pipit::model
