#include "compiler/model/input_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/endian.h"
#include "compiler/model/npy.h"
#include "compiler/model/onnx_file.h"
#include "nn/general/types.h"
#include "support/files.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;

std::string type_text(const nn::TensorInfo& info) {
  Shape shape;
  for (u32 i = 0; i < info.rank; ++i) shape.push_back(info.dims[i]);
  return std::string(dtype_name(info.dtype)) + "[" + to_string(shape) + "]";
}

u32 elements(const nn::TensorInfo& info) { return info.bytes / dtype_bytes(info.dtype); }

/// An input that takes real numbers: each as it is, or rounded to the type's.
bool is_float(const nn::TensorInfo& info) { return info.dtype == DType::f32 || info.dtype == DType::f16; }

bool is_quantised(const nn::TensorInfo& info) {
  return info.scale > 0 && (info.dtype == DType::i8 || info.dtype == DType::u8 || info.dtype == DType::i16);
}

/// Appends a real number in the input's type, rounded half to even and saturated.
void append_real(Sample& sample, const nn::TensorInfo& info, f32 real) {
  if (info.dtype == DType::f32) {
    sample.resize(sample.size() + 4);
    store_le(&sample[sample.size() - 4], real);
    return;
  }
  if (info.dtype == DType::f16) {
    sample.resize(sample.size() + 2);
    store_le(&sample[sample.size() - 2], nn::general::Half::encode(real));
    return;
  }
  const f32 q = std::nearbyint(real / info.scale) + static_cast<f32>(info.zero_point);
  if (info.dtype == DType::i16) {
    sample.resize(sample.size() + 2);
    store_le(&sample[sample.size() - 2], static_cast<i16>(std::clamp(q, -32768.0f, 32767.0f)));
  } else if (info.dtype == DType::u8) {
    sample.push_back(static_cast<u8>(std::clamp(q, 0.0f, 255.0f)));
  } else {
    sample.push_back(static_cast<u8>(static_cast<i8>(std::clamp(q, -128.0f, 127.0f))));
  }
}

struct ImageShape {
  u32 width, height, channels;
  bool channels_first;
};

Result<ImageShape> image_shape(const nn::TensorInfo& info) {
  const bool has_pixels = info.rank == 4 && info.dims[0] == 1;
  const auto is_colours = [](u32 dim) { return dim == 3 || dim == 1; };
  if (has_pixels && is_colours(info.dims[3]))
    return ImageShape{info.dims[2], info.dims[1], info.dims[3], false};
  if (has_pixels && is_colours(info.dims[1]))
    return ImageShape{info.dims[3], info.dims[2], info.dims[1], true};
  return Error(Code::invalid_argument,
               "the model's input " + type_text(info) + " is no picture: [1,H,W,C] or [1,C,H,W], C 1 or 3");
}

/// One colour of one pixel in the input's type.
void append_pixel(Sample& sample, const nn::TensorInfo& info, const InputOptions& options, f32 pixel,
                  u32 colour) {
  if (!options.normalised && !is_float(info)) {
    const long value = std::lround(pixel);
    sample.push_back(static_cast<u8>(info.dtype == DType::i8 ? value - 128 : value));
    return;
  }
  append_real(sample, info, (pixel / 255.0f - options.mean[colour]) / options.deviation[colour]);
}

Result<Sample> picture_sample(Bytes file, const nn::TensorInfo& info, const InputOptions& options) {
  const ImageShape shape = TRY(image_shape(info));
  const bool integer = info.dtype == DType::i8 || info.dtype == DType::u8;
  if (!is_float(info) && !(integer && (is_quantised(info) || !options.normalised)))
    return Error(Code::unsupported, "pictures for an input of type " + type_text(info));
  Picture decoded = TRY(decode_picture(file));
  if (options.signed_bytes)
    for (u8& byte : decoded.pixels) byte ^= 0x80;
  const Picture picture = resized(decoded, shape.width, shape.height, options.fit);
  const auto value = [&](u32 pixel, u32 colour) -> f32 {
    const u8* rgb = &picture.pixels[usize{pixel} * 3];
    if (shape.channels == 3) return rgb[colour];
    // Brightness as in ITU-R BT.601.
    return 0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2];
  };
  Sample sample;
  const u32 pixels = shape.width * shape.height;
  if (shape.channels_first) {
    for (u32 c = 0; c < shape.channels; ++c)
      for (u32 p = 0; p < pixels; ++p) append_pixel(sample, info, options, value(p, c), c);
  } else {
    for (u32 p = 0; p < pixels; ++p)
      for (u32 c = 0; c < shape.channels; ++c) append_pixel(sample, info, options, value(p, c), c);
  }
  return sample;
}

bool is_wav(Bytes file) {
  return file.size() >= 12 && std::memcmp(file.data(), "RIFF", 4) == 0 &&
         std::memcmp(file.data() + 8, "WAVE", 4) == 0;
}

/// The sound of a WAV file, channels averaged.
Result<std::vector<i16>> wav_samples(Bytes file) {
  usize channels = 0;
  for (usize at = 12; at + 8 <= file.size();) {
    const usize size = load_le<u32>(&file[at + 4]);
    const Bytes chunk = file.subspan(at + 8, std::min(size, file.size() - at - 8));
    if (std::memcmp(&file[at], "fmt ", 4) == 0) {
      if (chunk.size() < 16) return Error(Code::malformed, "the WAV format chunk is cut off");
      const u16 format = load_le<u16>(chunk.data()), bits = load_le<u16>(chunk.data() + 14);
      channels = load_le<u16>(chunk.data() + 2);
      constexpr u16 kPcm = 1, kExtensible = 0xFFFE;
      if ((format != kPcm && format != kExtensible) || bits != 16 || channels == 0)
        return Error(Code::unsupported, "the WAV file is not PCM of 16 bits");
    } else if (std::memcmp(&file[at], "data", 4) == 0) {
      if (channels == 0) return Error(Code::malformed, "the WAV data come before their format");
      std::vector<i16> samples;
      for (usize frame = 0; frame + 2 * channels <= chunk.size(); frame += 2 * channels) {
        i32 sum = 0;
        for (usize c = 0; c < channels; ++c) sum += load_le<i16>(&chunk[frame + 2 * c]);
        samples.push_back(static_cast<i16>(sum / static_cast<i32>(channels)));
      }
      return samples;
    }
    at += 8 + size + size % 2;
  }
  return Error(Code::malformed, "the WAV file has no data");
}

/// A row of samples: no more than one axis is longer than 1.
bool is_sound(const nn::TensorInfo& info) {
  return std::count_if(info.dims.begin(), info.dims.begin() + info.rank, [](u32 dim) { return dim > 1; }) <=
         1;
}

Result<std::vector<Sample>> sound_windows(Bytes file, const nn::TensorInfo& info) {
  const std::vector<i16> sound = TRY(wav_samples(file));
  const bool plain = info.dtype == DType::i16 && info.scale == 0;
  if (!is_float(info) && info.dtype != DType::i16 && !is_quantised(info))
    return Error(Code::unsupported, "sound for an input of type " + type_text(info));
  const u32 window = elements(info);
  if (!is_sound(info))
    return Error(
        Code::invalid_argument,
        "the model's input " + type_text(info) +
            " is no sound: a WAV file is a row of samples, this input has several axes and wants features "
            "made of it, such as a spectrogram; give those, as .npy or raw elements");
  if (sound.size() < window)
    return Error(Code::invalid_argument, "the WAV file holds " + std::to_string(sound.size()) +
                                             " samples, the model's input is " + std::to_string(window));
  std::vector<Sample> samples;
  for (usize at = 0; at + window <= sound.size(); at += window) {
    Sample sample;
    for (u32 i = 0; i < window; ++i) {
      if (plain || info.dtype == DType::i16) {
        sample.resize(sample.size() + 2);
        store_le(&sample[sample.size() - 2], sound[at + i]);
      } else {
        append_real(sample, info, static_cast<f32>(sound[at + i]) / 32768.0f);
      }
    }
    samples.push_back(std::move(sample));
  }
  return samples;
}

/// Elements of an array, as many as samples need.
Result<std::vector<Sample>> array_samples(const Array& array, const nn::TensorInfo& info) {
  const u64 count = static_cast<u64>(element_count(array.shape));
  const u32 each = elements(info);
  if (count == 0 || count % each != 0)
    return Error(Code::invalid_argument, "the array of shape " + to_string(array.shape) +
                                             " is no multiple of the "
                                             "model's input " +
                                             type_text(info));
  if (array.dtype != info.dtype && !(array.dtype == DType::f32 && (is_quantised(info) || is_float(info))))
    return Error(Code::invalid_argument, std::string("the array's elements are ") + dtype_name(array.dtype) +
                                             ", the model's input is " + type_text(info));
  std::vector<Sample> samples;
  for (u64 at = 0; at < count; at += each) {
    Sample sample;
    if (array.dtype == info.dtype) {
      const auto first = array.data.begin() + static_cast<std::ptrdiff_t>(at * dtype_bytes(array.dtype));
      sample.assign(first, first + info.bytes);
    } else {
      for (u32 i = 0; i < each; ++i) append_real(sample, info, load_le<f32>(&array.data[(at + i) * 4]));
    }
    samples.push_back(std::move(sample));
  }
  return samples;
}

Result<Array> tensor_proto(Bytes file) {
  onnx_file::Tensor tensor = TRY(onnx_file::parse_tensor(file));
  Array array{DType::f32, tensor.dims, std::move(tensor.data)};
  switch (tensor.type) {
    case onnx_file::ElementType::f32: array.dtype = DType::f32; return array;
    case onnx_file::ElementType::i8: array.dtype = DType::i8; return array;
    case onnx_file::ElementType::u8: array.dtype = DType::u8; return array;
    case onnx_file::ElementType::i16: array.dtype = DType::i16; return array;
    case onnx_file::ElementType::i32: array.dtype = DType::i32; return array;
    case onnx_file::ElementType::i64: array.dtype = DType::i64; return array;
    default: return Error(Code::unsupported, "the tensor is neither float nor an integer of 8 to 64 bits");
  }
}

Result<std::vector<Sample>> raw_samples(Bytes file, const nn::PlannedModel& model) {
  usize size = 0;
  std::string types;
  for (u32 i = 0; i < model.input_count(); ++i) {
    size += model.input(i).bytes;
    types += (i != 0 ? ", " : "") + type_text(model.input(i));
  }
  if (size == 0 || file.empty() || file.size() % size != 0)
    return Error(Code::invalid_argument, "holds " + std::to_string(file.size()) +
                                             " bytes, a sample of the model (" + types + ") is " +
                                             std::to_string(size));
  std::vector<Sample> samples;
  for (usize at = 0; at < file.size(); at += size) {
    const Bytes sample = file.subspan(at, size);
    samples.emplace_back(sample.begin(), sample.end());
  }
  return samples;
}

Result<std::vector<Sample>> samples_of(Bytes file, bool is_proto, const nn::PlannedModel& model,
                                       const InputOptions& options) {
  const bool typed = is_picture(file) || is_wav(file) || is_npy(file) || is_proto;
  if (typed && model.input_count() != 1)
    return Error(Code::unsupported, "the model has " + std::to_string(model.input_count()) +
                                        " inputs; give the raw elements of all, one after the other");
  const nn::TensorInfo info = model.input(0);
  if (is_wav(file)) return sound_windows(file, info);
  if (is_npy(file)) return array_samples(TRY(read_npy(file)), info);
  if (is_proto) return array_samples(TRY(tensor_proto(file)), info);
  // Raw elements may begin like a bitmap; their size tells.
  if (is_picture(file) && !(file[0] == 'B' && file.size() % info.bytes == 0))
    return std::vector<Sample>{TRY(picture_sample(file, info, options))};
  return raw_samples(file, model);
}

}  // namespace

Result<std::vector<Sample>> read_samples(const std::string& path, const nn::PlannedModel& model,
                                         const InputOptions& options) {
  const std::vector<u8> file = TRY(support::read_file(path));
  auto samples = samples_of(file, path.ends_with(".pb"), model, options);
  if (!samples.ok()) return samples.take_error().in(path);
  return samples;
}

}  // namespace pipit::model
