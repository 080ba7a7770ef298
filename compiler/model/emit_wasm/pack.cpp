#include "compiler/model/emit_wasm/pack.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <numeric>

namespace pipit::model::wasm {
namespace {

constexpr u32 kLanes = 8;

template <class T>
void append(std::vector<u8>& out, T value) {
  const auto* bytes = reinterpret_cast<const u8*>(&value);
  out.insert(out.end(), bytes, bytes + sizeof value);
}

/// kernels/gemm_i8.c's struct of the same name.
struct Block {
  i32 bias[kLanes] = {}, multiplier[kLanes] = {}, spread[kLanes] = {}, shift = 0, unused[3] = {};
};

/// The largest magnitude that a channel's sum can reach, with inputs of eight bits.
i64 largest_sum(const LayerI8& layer, u32 channel) {
  i64 sum = 0;
  for (u32 k = 0; k < layer.depth; ++k)
    sum += std::abs(layer.weights[channel * layer.channel_step + k * layer.depth_step] - layer.zero_point);
  return std::abs(i64{layer.bias[channel]}) + 128 * sum;
}

/// One shift for all channels: a sum is multiplied by 2^(shift − its own) before, which rounds nothing. No
/// shift where 32 bits do not hold that.
Block block_of(const LayerI8& layer, u32 first) {
  Block block;
  const u32 count = std::min(kLanes, layer.outputs - first);
  i32 shift = 1;
  bool fits = true;
  for (u32 i = 0; i < count; ++i) {
    const auto& factor = layer.factors[first + i];
    block.bias[i] = layer.bias[first + i];
    block.multiplier[i] = factor.multiplier;
    if (factor.multiplier == 0) continue;
    shift = std::max(shift, -factor.shift - 1);
    fits = fits && factor.shift <= -2;
  }
  for (u32 i = 0; i < count && fits; ++i) {
    const auto& factor = layer.factors[first + i];
    const i32 ahead = factor.multiplier == 0 ? 0 : shift - (-factor.shift - 1);
    fits = ahead < 31 && largest_sum(layer, first + i) < (i64{1} << (31 - ahead));
    block.spread[i] = fits ? 1 << ahead : 0;
  }
  block.shift = fits ? shift : 0;
  for (u32 i = 0; i < count && !fits; ++i) block.spread[i] = layer.factors[first + i].shift;
  return block;
}

/// Blocks, each followed by its weights two k at a time.
template <class T>
std::vector<u8> pack_pairs(const LayerI8& layer, i32 zero_point) {
  std::vector<u8> out;
  for (u32 first = 0; first < layer.outputs; first += kLanes) {
    append(out, block_of(layer, first));
    for (u32 k = 0; k < layer.depth; k += 2)
      for (u32 i = 0; i < kLanes; ++i)
        for (u32 at = k; at < k + 2; ++at) {
          const bool is_there = first + i < layer.outputs && at < layer.depth;
          const usize from = (first + i) * layer.channel_step + at * layer.depth_step;
          append(out, static_cast<T>(is_there ? layer.weights[from] - zero_point : 0));
        }
  }
  return out;
}

/// Blocks of biases and weights; weight(channel, k).
template <class Weight>
std::vector<u8> pack_f32(const f32* bias, u32 outputs, u32 depth, Weight weight) {
  std::vector<u8> out;
  for (u32 first = 0; first < outputs; first += kLanes) {
    for (u32 i = 0; i < kLanes; ++i) append(out, first + i < outputs ? bias[first + i] : 0.0f);
    for (u32 k = 0; k < depth; ++k)
      for (u32 i = 0; i < kLanes; ++i) append(out, first + i < outputs ? weight(first + i, k) : 0.0f);
  }
  return out;
}

/// The weights of a convolution: outputs of `depth` each, which ends in the input's channels.
struct Dense {
  u32 outputs, depth, inputs;
};

template <class T, class Zero>
u32 groups_in(const T* weights, const Dense& d, Zero zero) {
  const auto fall_into = [&](u32 groups) {
    for (u32 o = 0; o < d.outputs; ++o)
      for (u32 k = 0; k < d.depth; ++k)
        if (weights[usize{o} * d.depth + k] != zero &&
            o / (d.outputs / groups) != k % d.inputs / (d.inputs / groups))
          return false;
    return true;
  };
  const u32 most = std::gcd(d.outputs, d.inputs);
  for (u32 groups = most; groups > 1; --groups)
    if (most % groups == 0 && fall_into(groups)) return groups;
  return 1;
}

/// What pack(own weights, first output) makes of each group.
template <class T, class Pack>
std::vector<u8> pack_groups(const T* weights, const Dense& d, u32 groups, Pack pack) {
  const u32 outputs = d.outputs / groups, inputs = d.inputs / groups, depth = d.depth / groups;
  std::vector<u8> all;
  std::vector<T> own(usize{outputs} * depth);
  for (u32 g = 0; g < groups; ++g) {
    for (u32 o = 0; o < outputs; ++o)
      for (u32 k = 0; k < depth; ++k)
        own[usize{o} * depth + k] = weights[usize{g * outputs + o} * d.depth + usize{k / inputs} * d.inputs +
                                            usize{g} * inputs + k % inputs];
    const std::vector<u8> packed = pack(own.data(), g * outputs);
    all.insert(all.end(), packed.begin(), packed.end());
  }
  return all;
}

}  // namespace

std::vector<u8> pack_gemm_f32(const f32* weights, const f32* bias, u32 outputs, u32 depth) {
  return pack_f32(bias, outputs, depth, [=](u32 o, u32 k) { return weights[usize{o} * depth + k]; });
}

u32 groups_of(const f32* weights, u32 outputs, u32 depth, u32 inputs, f32 zero) {
  return groups_in(weights, {outputs, depth, inputs}, zero);
}
u32 groups_of(const i8* weights, u32 outputs, u32 depth, u32 inputs, i32 zero) {
  return groups_in(weights, {outputs, depth, inputs}, zero);
}

u32 least_work_groups(u32 groups, u32 outputs, u32 depth) {
  const auto work = [&](u32 count) {
    return u64{count} * ((outputs / count + kLanes - 1) / kLanes) * (depth / count);
  };
  u32 best = 1;
  for (u32 count = 2; count <= groups; ++count)
    if (groups % count == 0 && work(count) < work(best)) best = count;
  return best;
}

std::vector<u8> pack_groups_f32(const f32* weights, const f32* bias, u32 outputs, u32 depth, u32 inputs,
                                u32 groups) {
  return pack_groups(weights, {outputs, depth, inputs}, groups, [&](const f32* own, u32 first) {
    return pack_gemm_f32(own, bias + first, outputs / groups, depth / groups);
  });
}

std::vector<u8> pack_depthwise_f32(const f32* weights, const f32* bias, u32 taps, u32 channels) {
  return pack_f32(bias, channels, taps, [=](u32 o, u32 tap) { return weights[usize{tap} * channels + o]; });
}

std::vector<u8> pack_gemm_i8(const LayerI8& layer) { return pack_pairs<i8>(layer, 0); }
std::vector<u8> pack_groups_i8(const LayerI8& layer, u32 inputs, u32 groups) {
  const u32 outputs = layer.outputs / groups, depth = layer.depth / groups;
  return pack_groups(
      layer.weights, {layer.outputs, layer.depth, inputs}, groups, [&](const i8* own, u32 first) {
        return pack_gemm_i8(
            {own, layer.bias + first, layer.factors + first, layer.zero_point, outputs, depth, depth, 1});
      });
}
std::vector<u8> pack_depthwise_i8(const LayerI8& layer) { return pack_pairs<i16>(layer, layer.zero_point); }

}  // namespace pipit::model::wasm
