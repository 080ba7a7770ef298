#pragma once
#include <cstddef>

#include "base/cbor.h"
#include "base/result.h"
#include "base/types.h"

/// How a C++ struct and a CBOR map with small integer keys belong together: one table a message, one reader
/// and one writer for all of them.
namespace pipit::link {

/// The first key of every message and its value: kVersion.
constexpr u32 kVersionKey = 0;
/// Keys are below this, so that a word can say which were seen.
constexpr u32 kMaxKeys = 32;
/// Pairs in one map, known and unknown.
constexpr u32 kMaxPairs = 64;

enum class Kind : u8 { u8_, u16_, u32_, u64_, boolean, text, bytes, fixed, nested, texts, structs, u16s };

struct Schema;

/// One field of a message. `offset` (and `count_offset` of the arrays) is where it lies in the struct.
struct Field {
  u8 key;
  Kind kind;
  bool required;  ///< absent: malformed. Others keep their default, and are left out when they have it
  u16 offset;
  u32 max;  ///< largest value of an integer (0: all of its type), longest string, bytes of a fixed one, most
            ///< elements
  u16 count_offset = 0;            ///< texts, structs: a u32; u16s: a u8
  u16 stride = 0;                  ///< structs: bytes of one element
  const Schema* schema = nullptr;  ///< nested, structs
};

struct Schema {
  std::span<const Field> fields;
  bool versioned;  ///< the outermost map of a message begins with kVersionKey
};

void write_map(cbor::Writer& out, const Schema& schema, const void* object);
/// `object` holds its defaults on entry.
Status read_map(cbor::Reader& in, const Schema& schema, void* object);

}  // namespace pipit::link
