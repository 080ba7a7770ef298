#pragma once
#include <string>
#include <vector>

#include "base/types.h"
#include "support/error.h"

namespace pipit::package {

/// What pipit.yaml says about an application.
struct Recipe {
  struct Model {
    std::string name;  ///< for load_by_name
    std::string file;  ///< absolute, or relative to the application's folder
  };
  std::string name, version;
  u64 sequence = 1;                  ///< devices refuse a smaller one than they have run
  std::vector<std::string> sources;  ///< C and C++, relative to the application's folder
  std::string module;                ///< instead of sources: a wasm32-wasi module that another compiler made
  u32 memory_bytes = 64 * 1024;      ///< linear memory: C stack, data and heap
  u32 c_stack_bytes = 8 * 1024;      ///< inside memory_bytes
  u32 engine_stack_bytes = 8 * 1024;
  std::vector<Model> models;
  std::vector<std::string> defines;  ///< "NAME=VALUE"
};

/// Reads `folder`/pipit.yaml. Errors name file, line and key: not_found, malformed, out_of_range.
support::Result<Recipe> read_recipe(const std::string& folder);

/// "20K", "1M" or a number of bytes.
support::Result<u32> parse_size(const std::string& text);

/// "NAME=VALUE" in two; invalid_argument names what was expected.
support::Result<std::pair<std::string, std::string>> split_pair(const std::string& text,
                                                                const std::string& expected);

}  // namespace pipit::package
