// recurrent: x [T,B,I], W [D,G H,I], R [D,G H,H], bias [D,2 G H], lengths [B], h0 [D,B,H] and for an LSTM c0
// [D,B,H], peepholes [D,3 H]. ints[0] = Cell, ints[1] = 0 forward, 1 reverse, 2 both; ints[2] = H; ints[3] =
// linear before reset; ints[4] couples the LSTM's input and forget gates; ints[5 …] = activations, three a
// direction; reals[0] = clip (0: none), reals[1 + 2k], reals[2 + 2k] = parameters of activation k. The output
// is flat: Y [T,D,B,H], Y_h [D,B,H] and Y_c [D,B,H], which other cells use as memory.
#include <cmath>
#include <cstdint>
#include <cstring>

#include "nn/general/float_functions.h"
#include "nn/general/general.h"

namespace pipit::nn::general {
namespace c99 {
namespace {
#include "nn/kernels/c99/recurrent_f32.c"
}  // namespace
}  // namespace c99

namespace {

enum class Cell : i32 { rnn, gru, lstm };
enum class Activation : i32 {
  sigmoid,
  tanh,
  relu,
  affine,
  leaky_relu,
  thresholded_relu,
  scaled_tanh,
  hard_sigmoid,
  elu,
  softsign,
  softplus,
  count_
};

f64 activate(Activation kind, f64 x, f64 a, f64 b) {
  switch (kind) {
    case Activation::sigmoid: return 1 / (1 + std::exp(-x));
    case Activation::tanh: return std::tanh(x);
    case Activation::relu: return x > 0 ? x : 0;
    case Activation::affine: return a * x + b;
    case Activation::leaky_relu: return x < 0 ? a * x : x;
    case Activation::thresholded_relu: return x > a ? x : 0;
    case Activation::scaled_tanh: return a * std::tanh(b * x);
    case Activation::hard_sigmoid: return std::fmin(1, std::fmax(0, a * x + b));
    case Activation::elu: return x < 0 ? a * std::expm1(x) : x;
    case Activation::softsign: return x / (1 + std::fabs(x));
    default: return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
  }
}

u32 gates_of(Cell cell) { return cell == Cell::rnn ? 1 : cell == Cell::gru ? 3 : 4; }

template <class T>
class Layer {
 public:
  explicit Layer(const Call& call)
      : call_(call),
        cell_(static_cast<Cell>(call.at(0))),
        steps_(call[0].type.dims[0]),
        batch_(call[0].type.dims[1]),
        inputs_(call[0].type.dims[2]),
        hidden_(static_cast<u32>(call.at(2))),
        gates_(gates_of(cell_)),
        directions_(call.at(1) == 2 ? 2 : 1) {}

  void run() {
    const usize state = usize{directions_} * batch_ * hidden_;
    T* y = call_.as<T>();
    T* h = y + steps_ * state;
    T* c = h + state;
    std::memset(static_cast<void*>(y), 0, usize{call_.type.count()} * sizeof(T));
    copy_bytes(static_cast<void*>(h), call_[5].data, state * sizeof(T));
    if (cell_ == Cell::lstm) copy_bytes(static_cast<void*>(c), call_[6].data, state * sizeof(T));
    for (direction_ = 0; direction_ < directions_; ++direction_)
      for (u32 b = 0; b < batch_; ++b) {
        const usize at = (usize{direction_} * batch_ + b) * hidden_;
        i64 length = call_[4].integer(b);
        length = length < 0 ? 0 : length > steps_ ? steps_ : length;
        const bool backwards = call_.at(1) == 1 || direction_ == 1;
        for (u32 step = 0; step < length; ++step) {
          const u32 t = backwards ? static_cast<u32>(length) - 1 - step : step;
          T* out = y + ((usize{t} * directions_ + direction_) * batch_ + b) * hidden_;
          x_ = call_[0].as<T>() + (usize{t} * batch_ + b) * inputs_;
          advance(h + at, c + at, out);
          copy_bytes(static_cast<void*>(h + at), out, hidden_ * sizeof(T));
        }
      }
  }

 private:
  f64 bias(u32 row, bool recurrent) const {
    return value(call_[3].as<T>()[usize{direction_} * 2 * gates_ * hidden_ +
                                  (recurrent ? gates_ * hidden_ : 0) + row]);
  }
  f64 from_input(u32 row) const {
    const T* w = call_[1].as<T>() + (usize{direction_} * gates_ * hidden_ + row) * inputs_;
    f64 sum = bias(row, false);
    for (u32 i = 0; i < inputs_; ++i) sum += value(x_[i]) * value(w[i]);
    return sum;
  }
  f64 from_state(u32 row, const T* h) const {
    const T* r = call_[2].as<T>() + (usize{direction_} * gates_ * hidden_ + row) * hidden_;
    f64 sum = bias(row, true);
    for (u32 i = 0; i < hidden_; ++i) sum += value(h[i]) * value(r[i]);
    return sum;
  }
  f64 gate(u32 row, const T* h) const { return from_input(row) + from_state(row, h); }
  f64 activation(u32 which, f64 x) const {
    const u32 k = direction_ * 3 + which;
    const f64 clip = static_cast<f64>(call_.real_at(0));
    if (clip > 0) x = x < -clip ? -clip : x > clip ? clip : x;
    return activate(static_cast<Activation>(call_.at(5 + k)), x, static_cast<f64>(call_.real_at(1 + 2 * k)),
                    static_cast<f64>(call_.real_at(2 + 2 * k)));
  }
  f64 peephole(u32 which, u32 j) const {
    return value(call_[7].as<T>()[(direction_ * 3 + which) * hidden_ + j]);
  }

  void advance(const T* h, T* c, T* out) {
    switch (cell_) {
      case Cell::rnn:
        for (u32 j = 0; j < hidden_; ++j) out[j] = made(activation(0, gate(j, h)));
        break;
      case Cell::gru: advance_gru(h, c, out); break;
      case Cell::lstm: advance_lstm(h, c, out); break;
    }
  }

  /// Rows of the weights: update z, reset r, candidate.
  void advance_gru(const T* h, T* reset, T* out) {
    const bool linear = call_.at(3) != 0;
    for (u32 j = 0; j < hidden_; ++j) {
      const f64 r = activation(0, gate(hidden_ + j, h));
      reset[j] = made(linear ? r : r * value(h[j]));
    }
    for (u32 j = 0; j < hidden_; ++j) {
      const f64 z = activation(0, gate(j, h));
      const u32 row = 2 * hidden_ + j;
      const f64 recurrent = linear ? value(reset[j]) * from_state(row, h) : from_state(row, reset);
      out[j] = made((1 - z) * activation(1, from_input(row) + recurrent) + z * value(h[j]));
    }
  }

  /// Rows of the weights: input i, output o, forget f, cell.
  void advance_lstm(const T* h, T* c, T* out) {
    for (u32 j = 0; j < hidden_; ++j) {
      const f64 old = value(c[j]);
      const f64 i = activation(0, gate(j, h) + peephole(0, j) * old);
      const f64 f = call_.at(4) != 0 ? 1 - i : activation(0, gate(2 * hidden_ + j, h) + peephole(2, j) * old);
      const f64 next = f * old + i * activation(1, gate(3 * hidden_ + j, h));
      const f64 o = activation(0, gate(hidden_ + j, h) + peephole(1, j) * next);
      c[j] = made(next);
      out[j] = made(o * activation(2, next));
    }
  }

  static f64 value(T x) { return static_cast<f64>(Compute<T>(x)); }
  static T made(f64 x) { return T(static_cast<Compute<T>>(x)); }

  const Call& call_;
  Cell cell_;
  u32 steps_, batch_, inputs_, hidden_, gates_, directions_, direction_ = 0;
  const T* x_ = nullptr;
};

/// Single precision: the kernel that generated C has as well.
void run_f32(const Call& call) {
  const Cell cell = static_cast<Cell>(call.at(0));
  const Type& x = call[0].type;
  const i32 units = call.at(2), inputs = static_cast<i32>(x.dims[2]),
            gates = static_cast<i32>(gates_of(cell)), directions = call.at(1) == 2 ? 2 : 1;
  c99::activation_f32 f[6];
  c99::recurrent_layer layers[2];
  for (i32 d = 0; d < directions; ++d) {
    for (i32 k = 3 * d; k < 3 * d + 3; ++k)
      f[k] = {activation_function(call.at(5 + static_cast<u32>(k))).f,
              call.real_at(1 + 2 * static_cast<u32>(k)), call.real_at(2 + 2 * static_cast<u32>(k))};
    layers[d] = {call[1].as<f32>() + i64{d} * gates * units * inputs,
                 call[2].as<f32>() + i64{d} * gates * units * units,
                 call[3].as<f32>() + i64{d} * 2 * gates * units,
                 cell == Cell::lstm ? call[7].as<f32>() + i64{d} * 3 * units : nullptr,
                 f + i64{3} * d,
                 inputs,
                 units,
                 gates,
                 call.at(3),
                 call.at(4),
                 call.real_at(0)};
  }
  constexpr decltype(&c99::lstm_step) kSteps[] = {c99::rnn_step, c99::gru_step, c99::lstm_step};
  c99::recurrent_f32(layers, directions, call.at(1) == 1, static_cast<i32>(x.dims[0]),
                     static_cast<i32>(x.dims[1]), kSteps[call.at(0)], call[0].as<f32>(), call[4].data,
                     call[4].type.dtype == DType::i64, call[5].as<f32>(),
                     cell == Cell::lstm ? call[6].as<f32>() : nullptr, call.as<f32>());
}

bool has_shape(const Operand& operand, std::initializer_list<u32> dims) {
  if (operand.type.rank != dims.size()) return false;
  u32 axis = 0;
  for (u32 dim : dims)
    if (operand.type.dims[axis++] != dim) return false;
  return true;
}

}  // namespace

const char* infer_recurrent(const Call& call, Type& out) {
  if (call.at(0) < 0 || call.at(0) > 2 || call.at(1) < 0 || call.at(1) > 2)
    return "recurrent layer of an unknown kind";
  const Cell cell = static_cast<Cell>(call.at(0));
  const Type& x = call[0].type;
  if (x.rank != 3 || !includes(Kinds::real, x.dtype) || call.at(2) < 1 || call.at(2) > 65536)
    return "needs x [T,B,I] of real numbers and a hidden size";
  if (call.inputs.size() != (cell == Cell::lstm ? 8u : 6u))
    return "recurrent layer with a wrong number of inputs";
  for (u32 i = 1; i < call.inputs.size(); ++i)
    if (i != 4 && call[i].type.dtype != x.dtype) return "operands have different element types";
  const u32 d = call.at(1) == 2 ? 2 : 1, h = static_cast<u32>(call.at(2)), g = gates_of(cell) * h,
            b = x.dims[1];
  if (!has_shape(call[1], {d, g, x.dims[2]}) || !has_shape(call[2], {d, g, h}) ||
      !has_shape(call[3], {d, 2 * g}))
    return "weights do not fit the layer";
  if (call[4].type.count() != b || !includes(Kinds::integer, call[4].type.dtype))
    return "needs one length per sequence";
  if (!has_shape(call[5], {d, b, h})) return "initial state does not fit the layer";
  if (cell == Cell::lstm && (!has_shape(call[6], {d, b, h}) || !has_shape(call[7], {d, 3 * h})))
    return "initial cell or peepholes do not fit the layer";
  for (u32 k = 0; k < 3 * d; ++k)
    if (call.at(5 + k) < 0 || call.at(5 + k) >= static_cast<i32>(Activation::count_))
      return "unknown activation";
  const u64 count = (u64{x.dims[0]} + 2) * d * b * h;
  if (count > kMaxElements) return "output has more than 2^28 elements";
  out = {x.dtype, 1, {static_cast<u32>(count)}};
  return nullptr;
}

void run_recurrent(const Call& call) {
  const DType lengths = call[4].type.dtype;
  if (call.type.dtype == DType::f32 && call.type.count() != 0 &&
      (lengths == DType::i32 || lengths == DType::i64))
    run_f32(call);
  else
    with_type<Kinds::real>(call.type.dtype, [&]<class T> { Layer<T>(call).run(); });
}

}  // namespace pipit::nn::general
