#pragma once
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/types.h"

/// TensorFlow Lite files built by hand for the tests: a flatbuffer writer and a model on top.
namespace pipit::model::testing {

/// A table, a vector or a string on its way into a flatbuffer.
class Flat {
 public:
  static Flat table() { return Flat(Kind::table); }
  static Flat text(const std::string& value) {
    Flat flat = values(std::vector<u8>(value.begin(), value.end()));
    flat.elements_.push_back(0);  // not counted
    return flat;
  }
  template <class T>
  static Flat values(const std::vector<T>& elements) {
    Flat flat(Kind::values);
    flat.count_ = static_cast<u32>(elements.size());
    const u8* first = reinterpret_cast<const u8*>(elements.data());
    flat.elements_.assign(first, first + elements.size() * sizeof(T));
    return flat;
  }
  static Flat list(std::vector<Flat> items) {
    Flat flat(Kind::list);
    flat.items_ = std::move(items);
    return flat;
  }
  template <class T>
  Flat& scalar(u32 field, T value) {
    const u8* first = reinterpret_cast<const u8*>(&value);
    scalars_.push_back({field, {first, first + sizeof value}});
    return *this;
  }
  Flat& child(u32 field, Flat value) {
    children_.push_back({field, std::move(value)});
    return *this;
  }
  /// The whole file with this table as its root.
  std::vector<u8> file(const char identifier[5]) const {
    std::vector<u8> out(8);
    for (u32 i = 0; i < 4; ++i) out[4 + i] = static_cast<u8>(identifier[i]);
    patch(out, 0, write(out));
    return out;
  }

 private:
  enum class Kind { table, values, list };
  explicit Flat(Kind kind) : kind_(kind) {}

  template <class T>
  static void put(std::vector<u8>& out, T value) {
    const u8* first = reinterpret_cast<const u8*>(&value);
    out.insert(out.end(), first, first + sizeof value);
  }
  static void patch(std::vector<u8>& out, usize at, usize target) {
    const u32 offset = static_cast<u32>(target - at);
    for (u32 i = 0; i < 4; ++i) out[at + i] = static_cast<u8>(offset >> (8 * i));
  }
  static void align(std::vector<u8>& out, usize step, usize ahead) {
    while ((out.size() + ahead) % step != 0) out.push_back(0);
  }

  /// Writes this and everything below; yields its position.
  usize write(std::vector<u8>& out) const {
    if (kind_ == Kind::table) return write_table(out);
    align(out, 16, 4);
    const usize at = out.size();
    put(out, kind_ == Kind::list ? static_cast<u32>(items_.size()) : count_);
    if (kind_ == Kind::values) {
      out.insert(out.end(), elements_.begin(), elements_.end());
      return at;
    }
    out.resize(out.size() + 4 * items_.size());
    for (usize i = 0; i < items_.size(); ++i) {
      const usize item = items_[i].write(out);
      patch(out, at + 4 + 4 * i, item);
    }
    return at;
  }

  usize write_table(std::vector<u8>& out) const {
    u32 fields = 0;
    for (const auto& [field, bytes] : scalars_) fields = std::max(fields, field + 1);
    for (const auto& [field, flat] : children_) fields = std::max(fields, field + 1);
    std::vector<u16> offsets(fields, 0);
    std::vector<u8> body(4);
    for (const auto& [field, bytes] : scalars_) {
      align(body, bytes.size(), 0);
      offsets[field] = static_cast<u16>(body.size());
      body.insert(body.end(), bytes.begin(), bytes.end());
    }
    for (const auto& [field, flat] : children_) {
      align(body, 4, 0);
      offsets[field] = static_cast<u16>(body.size());
      body.resize(body.size() + 4);
    }
    align(out, 8, 4 + 2 * usize{fields});
    const usize vtable = out.size();
    put(out, static_cast<u16>(4 + 2 * fields));
    put(out, static_cast<u16>(body.size()));
    for (u16 offset : offsets) put(out, offset);
    const usize at = out.size();
    out.insert(out.end(), body.begin(), body.end());
    const i32 back = static_cast<i32>(at - vtable);
    for (u32 i = 0; i < 4; ++i) out[at + i] = static_cast<u8>(static_cast<u32>(back) >> (8 * i));
    for (const auto& [field, flat] : children_) {
      const usize child = flat.write(out);
      patch(out, at + offsets[field], child);
    }
    return at;
  }

  Kind kind_;
  std::vector<std::pair<u32, std::vector<u8>>> scalars_;
  std::vector<std::pair<u32, Flat>> children_;
  std::vector<u8> elements_;
  u32 count_ = 0;
  std::vector<Flat> items_;
};

/// Element types by TensorFlow Lite's numbers.
enum class LiteType : i8 { f32 = 0, f16 = 1, i32 = 2, u8 = 3, i64 = 4, i16 = 7, i8 = 9 };

struct LiteScale {
  std::vector<f32> scales;
  std::vector<i64> zero_points;
  i32 axis = 0;
};

/// Appends to a model; tensors are named by the index that each call yields.
class LiteBuilder {
 public:
  i32 tensor(const std::string& name, LiteType type, const std::vector<i32>& shape,
             const LiteScale& scale = {}) {
    return add(name, type, shape, scale, 0);
  }
  /// Kept from one inference to the next.
  i32 variable(const std::string& name, LiteType type, const std::vector<i32>& shape,
               const LiteScale& scale = {}) {
    const i32 id = add(name, type, shape, scale, 0);
    tensors_.back().scalar(5, u8{1});
    return id;
  }
  template <class T>
  i32 constant(const std::string& name, LiteType type, const std::vector<i32>& shape,
               const std::vector<T>& values, const LiteScale& scale = {}) {
    const u8* first = reinterpret_cast<const u8*>(values.data());
    const std::vector<u8> bytes(first, first + values.size() * sizeof(T));
    buffers_.push_back(Flat::table().child(0, Flat::values(bytes)));
    return add(name, type, shape, scale, static_cast<u32>(buffers_.size() - 1));
  }
  /// `options` may be an empty table; `option_type` is its number in the schema's union.
  void node(i32 builtin, const std::vector<i32>& inputs, const std::vector<i32>& outputs, u8 option_type,
            Flat options) {
    codes_.push_back(Flat::table()
                         .scalar(0, static_cast<i8>(builtin < 127 ? builtin : 127))
                         .scalar(3, builtin)
                         .scalar(2, i32{1}));
    nodes_.push_back(Flat::table()
                         .scalar(0, static_cast<u32>(codes_.size() - 1))
                         .child(1, Flat::values(inputs))
                         .child(2, Flat::values(outputs))
                         .scalar(3, option_type)
                         .child(4, std::move(options)));
  }
  void custom(const std::string& name, const std::vector<i32>& inputs, const std::vector<i32>& outputs) {
    codes_.push_back(Flat::table().scalar(0, i8{32}).scalar(3, i32{32}).child(1, Flat::text(name)));
    nodes_.push_back(Flat::table()
                         .scalar(0, static_cast<u32>(codes_.size() - 1))
                         .child(1, Flat::values(inputs))
                         .child(2, Flat::values(outputs)));
  }
  std::vector<u8> finish(const std::vector<i32>& inputs, const std::vector<i32>& outputs) {
    Flat graph = Flat::table()
                     .child(0, Flat::list(tensors_))
                     .child(1, Flat::values(inputs))
                     .child(2, Flat::values(outputs))
                     .child(3, Flat::list(nodes_))
                     .child(4, Flat::text("test"));
    return Flat::table()
        .scalar(0, u32{3})
        .child(1, Flat::list(codes_))
        .child(2, Flat::list({graph}))
        .child(4, Flat::list(buffers_))
        .file("TFL3");
  }

 private:
  i32 add(const std::string& name, LiteType type, const std::vector<i32>& shape, const LiteScale& scale,
          u32 buffer) {
    Flat flat = Flat::table()
                    .child(0, Flat::values(shape))
                    .scalar(1, static_cast<i8>(type))
                    .scalar(2, buffer)
                    .child(3, Flat::text(name));
    if (!scale.scales.empty())
      flat.child(4, Flat::table()
                        .child(2, Flat::values(scale.scales))
                        .child(3, Flat::values(scale.zero_points))
                        .scalar(6, scale.axis));
    tensors_.push_back(std::move(flat));
    return static_cast<i32>(tensors_.size() - 1);
  }

  std::vector<Flat> codes_, nodes_, tensors_, buffers_{Flat::table()};
};

}  // namespace pipit::model::testing
