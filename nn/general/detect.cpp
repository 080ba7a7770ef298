// roi_align: x [N,C,H,W], regions [R,4], batch indices [R]; ints[0] = 1 takes the largest sample, 0 the mean,
// ints[1], ints[2] = output height and width, ints[3] = samples an axis (0: as many as pixels), ints[4] = 1
// shifts by half a pixel; reals[0] = scale of the regions. non_max_suppression: boxes [B,N,4], scores
// [B,C,N], then the most boxes a class, the overlap and the score at which a box is dropped; ints[0] = 1
// means boxes are centre and size. Output [B C N + 1, 3]: row 0 holds the number selected, the rows behind
// batch, class and box.
#include <cmath>
#include <cstring>

#include "nn/general/general.h"

namespace pipit::nn::general {
namespace {

struct Bilinear {
  u32 at[4];
  f64 weight[4];
};

/// The four neighbours of a point; all weights 0 for one off the picture.
Bilinear neighbours(f64 y, f64 x, u32 height, u32 width) {
  if (!(y >= -1 && y <= f64(height) && x >= -1 && x <= f64(width))) return {{}, {}};
  y = y < 0 ? 0 : y;
  x = x < 0 ? 0 : x;
  u32 top = static_cast<u32>(y), left = static_cast<u32>(x);
  u32 bottom = top + 1, right = left + 1;
  if (top >= height - 1) {
    top = bottom = height - 1;
    y = top;
  }
  if (left >= width - 1) {
    left = right = width - 1;
    x = left;
  }
  const f64 dy = y - top, dx = x - left;
  return {{top * width + left, top * width + right, bottom * width + left, bottom * width + right},
          {(1 - dy) * (1 - dx), (1 - dy) * dx, dy * (1 - dx), dy * dx}};
}

struct Region {
  f64 top, left, bin_height, bin_width;
  u32 rows, columns;  ///< samples a bin
};

Region region_of(const Call& call, u32 index) {
  const f64 scale = static_cast<f64>(call.real_at(0)), shift = call.at(4) != 0 ? 0.5 : 0;
  const auto edge = [&](u32 k) { return call[1].real(index * 4 + k) * scale - shift; };
  f64 width = edge(2) - edge(0), height = edge(3) - edge(1);
  if (call.at(4) == 0) {
    width = width < 1 ? 1 : width;
    height = height < 1 ? 1 : height;
  }
  Region region{edge(1), edge(0), height / call.at(1), width / call.at(2), 0, 0};
  const auto samples = [&](f64 size) {
    if (call.at(3) > 0) return static_cast<u32>(call.at(3));
    const f64 count = std::ceil(size);
    return count >= 1 && count < 4096 ? static_cast<u32>(count) : 1u;
  };
  region.rows = samples(region.bin_height);
  region.columns = samples(region.bin_width);
  return region;
}

template <class T>
f64 pooled(const Call& call, const Region& region, const T* plane, u32 row, u32 column) {
  const Type& x = call[0].type;
  f64 sum = 0, best = 0;
  bool first = true;
  for (u32 i = 0; i < region.rows; ++i)
    for (u32 k = 0; k < region.columns; ++k) {
      const f64 y = region.top + (row + (i + 0.5) / region.rows) * region.bin_height;
      const f64 at = region.left + (column + (k + 0.5) / region.columns) * region.bin_width;
      const Bilinear near = neighbours(y, at, x.dims[2], x.dims[3]);
      for (u32 n = 0; n < 4; ++n) {
        const f64 value = near.weight[n] * static_cast<f64>(Compute<T>(plane[near.at[n]]));
        sum += value;
        if (first || value > best) best = value;
        first = false;
      }
    }
  return call.at(0) != 0 ? best : sum / (f64(region.rows) * region.columns);
}

template <class T>
void roi_align(const Call& call) {
  const Type& x = call[0].type;
  const u32 channels = x.dims[1], image = x.dims[2] * x.dims[3];
  T* out = call.as<T>();
  for (u32 index = 0; index < call.type.dims[0]; ++index) {
    const Region region = region_of(call, index);
    i64 batch = call[2].integer(index);
    batch = batch < 0 ? 0 : batch >= x.dims[0] ? x.dims[0] - 1 : batch;
    for (u32 channel = 0; channel < channels; ++channel) {
      const T* plane = call[0].as<T>() + (usize(batch) * channels + channel) * image;
      for (u32 row = 0; row < call.type.dims[2]; ++row)
        for (u32 column = 0; column < call.type.dims[3]; ++column)
          *out++ = T(static_cast<Compute<T>>(pooled<T>(call, region, plane, row, column)));
    }
  }
}

struct Box {
  f64 top, left, bottom, right;
  f64 area() const { return (bottom - top) * (right - left); }
};

Box box_of(const Call& call, u32 index) {
  const auto value = [&](u32 k) { return call[0].real(index * 4 + k); };
  if (call.at(0) != 0)
    return {value(1) - value(3) / 2, value(0) - value(2) / 2, value(1) + value(3) / 2,
            value(0) + value(2) / 2};
  const f64 a = value(0), b = value(1), c = value(2), d = value(3);
  return {std::fmin(a, c), std::fmin(b, d), std::fmax(a, c), std::fmax(b, d)};
}

f64 overlap(const Box& a, const Box& b) {
  const f64 height = std::fmin(a.bottom, b.bottom) - std::fmax(a.top, b.top);
  const f64 width = std::fmin(a.right, b.right) - std::fmax(a.left, b.left);
  if (height <= 0 || width <= 0) return 0;
  return height * width / (a.area() + b.area() - height * width);
}

/// The best box behind `last` in the order of falling scores; `count` when there is none.
u32 next_best(const Call& call, u32 first_score, u32 count, u32 last) {
  const auto score = [&](u32 i) { return call[1].real(first_score + i); };
  u32 best = count;
  for (u32 i = 0; i < count; ++i) {
    const bool behind = last == count || score(i) < score(last) || (score(i) == score(last) && i > last);
    if (behind && (best == count || score(i) > score(best))) best = i;
  }
  return best;
}

/// Selects the boxes of one class of one picture, behind the `taken` rows there are; how many there are then.
u32 select(const Call& call, u32 batch, u32 label, u32 taken) {
  const u32 boxes = call[0].type.dims[1], first = (batch * call[1].type.dims[1] + label) * boxes;
  const i64 limit = call[2].integer(0);
  const f64 most_overlap = call[3].real(0), least_score = call[4].real(0);
  i64* rows = call.as<i64>() + 3;
  const u32 start = taken;
  for (u32 box = next_best(call, first, boxes, boxes); box != boxes;
       box = next_best(call, first, boxes, box)) {
    if (static_cast<i64>(taken - start) >= limit || !(call[1].real(first + box) > least_score)) break;
    bool kept = true;
    for (u32 k = start; k < taken && kept; ++k)
      kept = overlap(box_of(call, batch * boxes + box),
                     box_of(call, batch * boxes + static_cast<u32>(rows[k * 3 + 2]))) <= most_overlap;
    if (!kept) continue;
    i64* const row = rows + usize{taken} * 3;
    row[0] = batch, row[1] = label, row[2] = box;
    ++taken;
  }
  return taken;
}

}  // namespace

const char* infer_roi_align(const Call& call, Type& out) {
  const Type& x = call[0].type;
  const Type& regions = call[1].type;
  if (x.rank != 4 || regions.rank != 2 || regions.dims[1] != 4 || call[2].type.count() != regions.dims[0] ||
      !includes(Kinds::real, x.dtype) || !includes(Kinds::real, regions.dtype))
    return "needs x [N,C,H,W], regions [R,4] and a batch index each";
  if (x.count() == 0 || call.at(1) < 1 || call.at(2) < 1 || call.at(1) > 65535 || call.at(2) > 65535 ||
      call.at(3) < 0 || call.at(3) > 4096)
    return "sizes are out of range";
  out = {
      x.dtype, 4, {regions.dims[0], x.dims[1], static_cast<u32>(call.at(1)), static_cast<u32>(call.at(2))}};
  return nullptr;
}

void run_roi_align(const Call& call) {
  with_type<Kinds::real>(call.type.dtype, [&]<class T> { roi_align<T>(call); });
}

const char* infer_non_max_suppression(const Call& call, Type& out) {
  const Type& boxes = call[0].type;
  const Type& scores = call[1].type;
  if (boxes.rank != 3 || scores.rank != 3 || boxes.dims[2] != 4 || boxes.dims[0] != scores.dims[0] ||
      boxes.dims[1] != scores.dims[2] || !includes(Kinds::real, boxes.dtype) ||
      !includes(Kinds::real, scores.dtype))
    return "needs boxes [B,N,4] and scores [B,C,N]";
  for (u32 i = 2; i < 5; ++i)
    if (call[i].type.count() != 1) return "limits are not single numbers";
  out = {DType::i64, 2, {scores.count() + 1, 3}};
  return nullptr;
}

void run_non_max_suppression(const Call& call) {
  std::memset(call.out, 0, usize{call.type.count()} * sizeof(i64));
  u32 taken = 0;
  for (u32 batch = 0; batch < call[1].type.dims[0]; ++batch)
    for (u32 label = 0; label < call[1].type.dims[1]; ++label) taken = select(call, batch, label, taken);
  call.as<i64>()[0] = taken;
}

}  // namespace pipit::nn::general
