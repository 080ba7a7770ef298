#include "link/fields.h"

#include <cstring>

#include "base/text.h"
#include "link/messages.h"

namespace pipit::link {
namespace {

template <class T>
const T& at(const void* object, u32 offset) {
  return *reinterpret_cast<const T*>(static_cast<const u8*>(object) + offset);
}
template <class T>
T& at(void* object, u32 offset) {
  return *reinterpret_cast<T*>(static_cast<u8*>(object) + offset);
}

u64 load_integer(const Field& field, const void* object) {
  switch (field.kind) {
    case Kind::u8_: return at<u8>(object, field.offset);
    case Kind::u16_: return at<u16>(object, field.offset);
    case Kind::u32_: return at<u32>(object, field.offset);
    case Kind::boolean: return at<bool>(object, field.offset);
    default: return at<u64>(object, field.offset);
  }
}

u32 element_count(const Field& field, const void* object) {
  const u32 count =
      field.kind == Kind::u16s ? at<u8>(object, field.count_offset) : at<u32>(object, field.count_offset);
  return count < field.max ? count : field.max;
}

/// Whether a field has its default and may be left out.
bool is_default(const Field& field, const void* object) {
  switch (field.kind) {
    case Kind::text: return at<std::string_view>(object, field.offset).empty();
    case Kind::bytes: return at<Bytes>(object, field.offset).empty();
    case Kind::fixed: return false;
    case Kind::nested:
      for (const Field& inner : field.schema->fields)
        if (!is_default(inner, &at<u8>(object, field.offset))) return false;
      return true;
    case Kind::texts:
    case Kind::structs:
    case Kind::u16s: return element_count(field, object) == 0;
    default: return load_integer(field, object) == 0;
  }
}

void write_field(cbor::Writer& out, const Field& field, const void* object) {
  switch (field.kind) {
    case Kind::boolean: return out.boolean(load_integer(field, object) != 0);
    case Kind::text: return out.text(slice(at<std::string_view>(object, field.offset), 0, field.max));
    case Kind::bytes: return out.bytes(at<Bytes>(object, field.offset));
    case Kind::fixed: return out.bytes({&at<u8>(object, field.offset), field.max});
    case Kind::nested: return write_map(out, *field.schema, &at<u8>(object, field.offset));
    case Kind::texts:
    case Kind::structs:
    case Kind::u16s: {
      const u32 count = element_count(field, object);
      out.array(count);
      for (u32 i = 0; i < count; ++i) {
        if (field.kind == Kind::texts)
          out.text((&at<std::string_view>(object, field.offset))[i]);
        else if (field.kind == Kind::u16s)
          out.uint((&at<u16>(object, field.offset))[i]);
        else
          write_map(out, *field.schema, &at<u8>(object, field.offset + i * field.stride));
      }
      return;
    }
    default: return out.uint(load_integer(field, object));
  }
}

Status read_integer(cbor::Reader& in, const Field& field, void* object) {
  const u64 max = field.max != 0             ? field.max
                  : field.kind == Kind::u8_  ? 0xFF
                  : field.kind == Kind::u16_ ? 0xFFFF
                  : field.kind == Kind::u32_ ? 0xFFFF'FFFF
                                             : ~u64{0};
  const u64 value = TRY(in.uint(max));
  switch (field.kind) {
    case Kind::u8_: at<u8>(object, field.offset) = static_cast<u8>(value); break;
    case Kind::u16_: at<u16>(object, field.offset) = static_cast<u16>(value); break;
    case Kind::u32_: at<u32>(object, field.offset) = static_cast<u32>(value); break;
    default: at<u64>(object, field.offset) = value;
  }
  return {};
}

Status read_array(cbor::Reader& in, const Field& field, void* object) {
  const u32 count = TRY(in.array(field.max));
  for (u32 i = 0; i < count; ++i) {
    if (field.kind == Kind::texts)
      (&at<std::string_view>(object, field.offset))[i] = TRY(in.text(kMaxTextBytes));
    else if (field.kind == Kind::u16s)
      (&at<u16>(object, field.offset))[i] = static_cast<u16>(TRY(in.uint(0xFFFF)));
    else
      TRY(read_map(in, *field.schema, &at<u8>(object, field.offset + i * field.stride)));
  }
  if (field.kind == Kind::u16s)
    at<u8>(object, field.count_offset) = static_cast<u8>(count);
  else
    at<u32>(object, field.count_offset) = count;
  return {};
}

Status read_field(cbor::Reader& in, const Field& field, void* object) {
  switch (field.kind) {
    case Kind::boolean: at<bool>(object, field.offset) = TRY(in.boolean()); return {};
    case Kind::text: at<std::string_view>(object, field.offset) = TRY(in.text(field.max)); return {};
    case Kind::bytes: at<Bytes>(object, field.offset) = TRY(in.bytes(field.max)); return {};
    case Kind::fixed: {
      const Error wrong = in.malformed("byte string of another length expected");
      const Bytes bytes = TRY(in.bytes(field.max));
      if (bytes.size() != field.max) return wrong;
      std::memcpy(&at<u8>(object, field.offset), bytes.data(), bytes.size());
      return {};
    }
    case Kind::nested: return read_map(in, *field.schema, &at<u8>(object, field.offset));
    case Kind::texts:
    case Kind::structs:
    case Kind::u16s: return read_array(in, field, object);
    default: return read_integer(in, field, object);
  }
}

Status read_version(cbor::Reader& in) {
  if (TRY(in.uint()) != kVersionKey) return in.malformed("a message begins with its version");
  if (TRY(in.uint()) != kVersion)
    return Error{Code::unsupported, "message of another version", static_cast<u32>(in.offset())};
  return {};
}

}  // namespace

void write_map(cbor::Writer& out, const Schema& schema, const void* object) {
  u32 count = schema.versioned ? 1 : 0;
  for (const Field& field : schema.fields) count += field.required || !is_default(field, object);
  out.map(count);
  if (schema.versioned) {
    out.uint(kVersionKey);
    out.uint(kVersion);
  }
  for (const Field& field : schema.fields) {
    if (!field.required && is_default(field, object)) continue;
    out.uint(field.key);
    write_field(out, field, object);
  }
}

Status read_map(cbor::Reader& in, const Schema& schema, void* object) {
  u32 pairs = TRY(in.map(kMaxPairs));
  u32 seen = 0;
  if (schema.versioned) {
    if (pairs == 0) return in.malformed("a message begins with its version");
    TRY(read_version(in));
    seen = 1u << kVersionKey;
    --pairs;
  }
  while (pairs-- > 0) {
    const u64 key = TRY(in.uint());
    const Field* field = nullptr;
    for (const Field& candidate : schema.fields)
      if (candidate.key == key) field = &candidate;
    if (key < kMaxKeys) {
      if ((seen >> key & 1) != 0) return in.malformed("a key comes twice");
      seen |= 1u << key;
    }
    if (field == nullptr)
      TRY(in.skip());
    else
      TRY(read_field(in, *field, object));
  }
  for (const Field& field : schema.fields)
    if (field.required && (seen >> field.key & 1) == 0) return in.malformed("a required key is missing");
  return {};
}

}  // namespace pipit::link
