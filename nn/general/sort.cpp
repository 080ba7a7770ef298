// top_k: indices of the ints[1] largest (ints[2] = 0: smallest) elements along axis ints[0], best first, the
// lower index first among equals. unique: slices along axis ints[0] (−1: elements); ints[1] = 1 sorts. Output
// [4, n]: row 0 holds their number, row 1 where each is first, row 2 which one every slice is, row 3 how
// often each occurs. tf_idf: x [C] or [B,C], n-grams, their starts by length, their columns, weights; ints =
// mode (TF, IDF, TFIDF), shortest, longest n-gram, most skipped elements, columns of the output.
#include <cstring>

#include "nn/general/general.h"

namespace pipit::nn::general {
namespace {

template <class T>
void top_k(const Call& call) {
  const Type& x = call[0].type;
  const u32 axis = static_cast<u32>(call.at(0)), inner = x.product(axis + 1, x.rank), extent = x.dims[axis];
  const u32 wanted = call.type.dims[axis];
  const bool largest = call.at(2) != 0;
  if (call.type.count() == 0) return;
  for (u32 outer = 0, rows = x.product(0, axis); outer < rows; ++outer)
    for (u32 column = 0; column < inner; ++column) {
      const T* values = call[0].as<T>() + usize{outer} * extent * inner + column;
      i64* chosen = call.as<i64>() + usize{outer} * wanted * inner + column;
      u32 held = 0;
      for (u32 i = 0; i < extent; ++i) {
        const Compute<T> value = values[usize{i} * inner];
        const auto beats = [&](u32 place) {
          const Compute<T> other = values[static_cast<usize>(chosen[usize{place} * inner]) * inner];
          return largest ? value > other : value < other;
        };
        u32 place = held;
        while (place > 0 && beats(place - 1)) --place;
        if (place == wanted) continue;
        if (held < wanted) ++held;
        for (u32 k = held - 1; k > place; --k) chosen[usize{k} * inner] = chosen[usize{k - 1} * inner];
        chosen[usize{place} * inner] = i;
      }
    }
}

template <class T>
class Distinct {
 public:
  explicit Distinct(const Call& call)
      : call_(call),
        flat_(call.at(0) < 0),
        x_(call[0].type),
        axis_(flat_ ? 0 : static_cast<u32>(call.at(0))) {
    slices_ = flat_ ? x_.count() : x_.dims[axis_];
    outer_ = flat_ ? 1 : x_.product(0, axis_);
    inner_ = flat_ ? 1 : x_.product(axis_ + 1, x_.rank);
    width_ = call.type.dims[1];
  }

  void run() {
    i64* first = row(1);
    std::memset(call_.out, 0, usize{call_.type.count()} * sizeof(i64));
    u32 found = 0;
    for (u32 slice = 0; slice < slices_; ++slice) {
      u32 place = found;
      bool known = false;
      for (u32 k = 0; k < found && place == found; ++k) {
        const int order = compare(slice, static_cast<u32>(first[k]));
        known = order == 0;
        if (known || (call_.at(1) != 0 && order < 0)) place = k;
      }
      if (known) continue;
      for (u32 k = found; k > place; --k) first[k] = first[k - 1];
      first[place] = slice;
      ++found;
    }
    for (u32 slice = 0; slice < slices_; ++slice)
      for (u32 k = 0; k < found; ++k)
        if (compare(slice, static_cast<u32>(first[k])) == 0) {
          row(2)[slice] = k;
          ++row(3)[k];
          break;
        }
    row(0)[0] = found;
  }

 private:
  i64* row(u32 index) const { return call_.as<i64>() + usize{index} * width_; }
  int compare(u32 a, u32 b) const {
    const u32 extent = flat_ ? slices_ : x_.dims[axis_];
    for (u32 o = 0; o < outer_; ++o)
      for (u32 i = 0; i < inner_; ++i) {
        const Compute<T> left = call_[0].as<T>()[(usize{o} * extent + a) * inner_ + i];
        const Compute<T> right = call_[0].as<T>()[(usize{o} * extent + b) * inner_ + i];
        if (left < right) return -1;
        if (right < left) return 1;
      }
    return 0;
  }

  const Call& call_;
  bool flat_;
  const Type& x_;
  u32 axis_, slices_, outer_, inner_, width_;
};

/// The n-gram at `start` in steps of `skip`, if the pool holds it; its number, or −1.
i64 find_gram(const Call& call, u32 row_start, u32 start, u32 skip, u32 grams) {
  const i64 pool = call[1].type.count(), starts = call[2].type.count();
  i64 number = 0;
  for (u32 length = 1; length <= starts; ++length) {
    const i64 begin = call[2].integer(length - 1), end = length < starts ? call[2].integer(length) : pool;
    if (begin < 0 || end > pool || begin > end) return -1;
    for (i64 at = begin; at + length <= end; at += length, ++number) {
      if (length != grams) continue;
      u32 same = 0;
      while (same < grams &&
             call[1].integer(static_cast<u32>(at) + same) == call[0].integer(row_start + start + same * skip))
        ++same;
      if (same == grams) return number;
    }
  }
  return -1;
}

void count_grams(const Call& call, u32 row, u32 columns) {
  f32* out = call.as<f32>() + usize{row} * static_cast<u32>(call.at(4));
  for (u32 grams = static_cast<u32>(call.at(1)); grams <= static_cast<u32>(call.at(2)); ++grams)
    for (u32 skip = 1; skip <= static_cast<u32>(call.at(3)) + 1; ++skip) {
      for (u32 start = 0; u64{start} + u64{grams - 1} * skip < columns; ++start) {
        const i64 number = find_gram(call, row * columns, start, skip, grams);
        if (number < 0 || number >= call[3].type.count()) continue;
        const i64 column = call[3].integer(static_cast<u32>(number));
        if (column >= 0 && column < call.at(4)) out[column] += 1;
      }
      if (grams == 1) break;
    }
}

/// IDF and TFIDF: a gram's weight, once or as often as it occurs.
void weigh(const Call& call, u32 row) {
  f32* out = call.as<f32>() + usize{row} * static_cast<u32>(call.at(4));
  for (u32 k = 0; k < call[3].type.count(); ++k) {
    const i64 column = call[3].integer(k);
    if (column < 0 || column >= call.at(4) || out[column] == 0) continue;
    const f32 weight = static_cast<f32>(call[4].real(k));
    out[column] = call.at(0) == 1 ? weight : out[column] * weight;
  }
}

}  // namespace

const char* infer_top_k(const Call& call, Type& out) {
  out = call[0].type;
  if (!includes(Kinds::numbers, out.dtype)) return "function is not defined for this element type";
  if (!is_axis(call.at(0), out.rank)) return "axis is outside the input's rank";
  if (call.at(1) < 0 || static_cast<u32>(call.at(1)) > out.dims[call.at(0)])
    return "k is more than there are elements";
  out.dims[call.at(0)] = static_cast<u32>(call.at(1));
  out.dtype = DType::i64;
  return nullptr;
}

void run_top_k(const Call& call) {
  with_type<Kinds::numbers>(call[0].type.dtype, [&]<class T> { top_k<T>(call); });
}

const char* infer_unique(const Call& call, Type& out) {
  const Type& x = call[0].type;
  if (!includes(Kinds::any, x.dtype)) return "function is not defined for this element type";
  if (call.at(0) != -1 && !is_axis(call.at(0), x.rank)) return "axis is outside the input's rank";
  const u32 slices = call.at(0) < 0 ? x.count() : x.dims[call.at(0)];
  out = {DType::i64, 2, {4, slices == 0 ? 1 : slices}};
  return nullptr;
}

void run_unique(const Call& call) {
  with_type<Kinds::any>(call[0].type.dtype, [&]<class T> { Distinct<T>(call).run(); });
}

const char* infer_tf_idf(const Call& call, Type& out) {
  const Type& x = call[0].type;
  if ((x.rank != 1 && x.rank != 2) || !includes(Kinds::integer, x.dtype))
    return "needs whole numbers [C] or [B,C]";
  for (u32 i = 1; i < 4; ++i)
    if (!includes(Kinds::integer, call[i].type.dtype)) return "n-grams are not whole numbers";
  if (call[4].type.count() != call[3].type.count()) return "needs one weight per n-gram";
  if (call.at(0) < 0 || call.at(0) > 2 || call.at(1) < 1 || call.at(2) < call.at(1) || call.at(2) > 64 ||
      call.at(3) < 0 || call.at(3) > 65535 || call.at(4) < 1)
    return "n-gram lengths are out of range";
  out = x;
  out.dtype = DType::f32;
  out.dims[out.rank - 1] = static_cast<u32>(call.at(4));
  return nullptr;
}

void run_tf_idf(const Call& call) {
  const Type& x = call[0].type;
  std::memset(call.out, 0, usize{call.type.count()} * sizeof(f32));
  for (u32 row = 0, rows = x.product(0, x.rank - 1); row < rows; ++row) {
    count_grams(call, row, x.dims[x.rank - 1]);
    if (call.at(0) != 0) weigh(call, row);
  }
}

}  // namespace pipit::nn::general
