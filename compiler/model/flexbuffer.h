#pragma once
#include <map>
#include <string>

#include "base/types.h"
#include "support/error.h"

/// Flexbuffers (flatbuffers.dev/flexbuffers): schemaless values in which custom operators keep their options.
namespace pipit::model {

/// The map at the root of a hostile buffer, its numbers and truth values by name; values of other types are
/// left out. malformed where the root is no map or reaches outside the buffer; at most 256 entries.
support::Result<std::map<std::string, f64>> read_flexbuffer_map(Bytes buffer);

}  // namespace pipit::model
