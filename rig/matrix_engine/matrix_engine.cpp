#include "rig/matrix_engine/matrix_engine.h"

#include "examples/accelerators/matrix-engine/matrix_engine.h"

namespace pipit::rig {

static_assert(MATRIX_ENGINE_REGISTERS <= 64);

MatrixEngine::MatrixEngine() {
  set(MATRIX_ENGINE_REG_ID, MATRIX_ENGINE_ID);
  thread_ = std::thread([this] { work(); });
}

MatrixEngine::MatrixEngine(MutBytes memory, u64 bus_address, u32 registers_at)
    : registers_(reinterpret_cast<volatile u32*>(memory.data() + registers_at)),
      memory_(memory),
      bus_address_(bus_address) {
  set(MATRIX_ENGINE_REG_ID, MATRIX_ENGINE_ID);
  thread_ = std::thread([this] { work(); });
}

MatrixEngine::~MatrixEngine() {
  off_ = true;
  thread_.join();
}

u64 MatrixEngine::macs() const {
  return u64{get(MATRIX_ENGINE_REG_MACS_HIGH)} << 32 | get(MATRIX_ENGINE_REG_MACS_LOW);
}

u32 MatrixEngine::get(u32 number) const { return registers_[number]; }
void MatrixEngine::set(u32 number, u32 value) { registers_[number] = value; }

template <class T>
T* MatrixEngine::address(u32 number, i64 count) const {
  const u64 value = u64{get(number + 1)} << 32 | get(number);
  if (memory_.empty()) return reinterpret_cast<T*>(static_cast<usize>(value));
  const u64 at = value - bus_address_, bytes = static_cast<u64>(count) * sizeof(T);
  if (value < bus_address_ || at > memory_.size() || count < 0 || bytes > memory_.size() - at) return nullptr;
  return reinterpret_cast<T*>(memory_.data() + at);
}

void MatrixEngine::work() {
  while (!off_) {
    if (get(MATRIX_ENGINE_REG_START) == 0) {
      std::this_thread::yield();
      continue;
    }
    std::atomic_thread_fence(std::memory_order_seq_cst);
    set(MATRIX_ENGINE_REG_START, 0);
    const bool done = compute();
    ++layers_;
    std::atomic_thread_fence(std::memory_order_seq_cst);
    set(MATRIX_ENGINE_REG_STATUS, done ? MATRIX_ENGINE_IDLE : MATRIX_ENGINE_FAULT);
  }
}

namespace {

/// sum × multiplier × 2^(shift − 31) with one rounding, halves up, saturated to ±2^30.
i64 rescaled(i64 sum, i32 multiplier, i32 shift) {
  constexpr i64 kLimit = i64{1} << 30;
  const i64 value = (sum * multiplier + (i64{1} << (30 - shift))) >> (31 - shift);
  return value < -kLimit ? -kLimit : value > kLimit ? kLimit : value;
}

}  // namespace

bool MatrixEngine::compute() {
  const auto reg = [this](u32 number) { return static_cast<i64>(static_cast<i32>(get(number))); };
  const i64 in_h = reg(MATRIX_ENGINE_REG_IN_H), in_w = reg(MATRIX_ENGINE_REG_IN_W),
            in_c = reg(MATRIX_ENGINE_REG_IN_C);
  const i64 out_w = reg(MATRIX_ENGINE_REG_OUT_W), out_c = reg(MATRIX_ENGINE_REG_OUT_C);
  const i64 pixels = reg(MATRIX_ENGINE_REG_OUT_H) * out_w;
  const i64 kernel_h = reg(MATRIX_ENGINE_REG_KERNEL_H), kernel_w = reg(MATRIX_ENGINE_REG_KERNEL_W);
  const i64 pad_value = reg(MATRIX_ENGINE_REG_PAD_VALUE), zero_point = reg(MATRIX_ENGINE_REG_ZERO_POINT);
  const i64 low = reg(MATRIX_ENGINE_REG_LOW), high = reg(MATRIX_ENGINE_REG_HIGH);
  const i64 depth = kernel_h * kernel_w * in_c;
  const i8* input = address<const i8>(MATRIX_ENGINE_REG_INPUT, in_h * in_w * in_c);
  const i8* weights = address<const i8>(MATRIX_ENGINE_REG_WEIGHTS, out_c * depth);
  const i32* bias = address<const i32>(MATRIX_ENGINE_REG_BIAS, out_c);
  const i32* factors = address<const i32>(MATRIX_ENGINE_REG_FACTORS, 2 * out_c);
  i8* out = address<i8>(MATRIX_ENGINE_REG_OUTPUT, pixels * out_c);
  if (input == nullptr || weights == nullptr || bias == nullptr || factors == nullptr || out == nullptr)
    return false;
  for (i64 pixel = 0; pixel < pixels; ++pixel) {
    const i64 top = pixel / out_w * reg(MATRIX_ENGINE_REG_STRIDE_H) - reg(MATRIX_ENGINE_REG_PAD_TOP);
    const i64 left = pixel % out_w * reg(MATRIX_ENGINE_REG_STRIDE_W) - reg(MATRIX_ENGINE_REG_PAD_LEFT);
    const i8* weight = weights;
    for (i64 channel = 0; channel < out_c; ++channel) {
      i64 sum = bias[channel];
      for (i64 row = 0; row < kernel_h; ++row)
        for (i64 column = 0; column < kernel_w; ++column) {
          const i64 y = top + row * reg(MATRIX_ENGINE_REG_DILATION_H);
          const i64 x = left + column * reg(MATRIX_ENGINE_REG_DILATION_W);
          const bool inside = y >= 0 && y < in_h && x >= 0 && x < in_w;
          for (i64 c = 0; c < in_c; ++c)
            sum += *weight++ * (inside ? input[(y * in_w + x) * in_c + c] : pad_value);
        }
      const i64 value = zero_point + rescaled(sum, factors[2 * channel], factors[2 * channel + 1]);
      *out++ = static_cast<i8>(value < low ? low : value > high ? high : value);
    }
  }
  const u64 done = macs() + static_cast<u64>(pixels * out_c * depth);
  set(MATRIX_ENGINE_REG_MACS_LOW, static_cast<u32>(done));
  set(MATRIX_ENGINE_REG_MACS_HIGH, static_cast<u32>(done >> 32));
  return true;
}

}  // namespace pipit::rig
