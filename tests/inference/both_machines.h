#pragma once
#include <string>
#include <vector>

#include "support/error.h"

namespace pipit::inference {

/// A planned model as an application: classify.wasm, the model, and inputs one after the other.
struct Application {
  std::vector<u8> model;
  std::string type;        ///< of the input's elements: "f32", "u8", "i8"
  std::string dimensions;  ///< of the input: "1,224,224,3"
  std::vector<u8> inputs;

  /// Bytes that have to be shipped: module and model.
  static support::Result<usize> package_bytes(const std::vector<u8>& model);
};

/// What one run answered.
struct Answers {
  std::vector<u8> outputs;   ///< of all inputs, one after the other
  std::vector<u32> classes;  ///< of each, the largest output's index
  std::string said;          ///< by the application
};

/// By the Linux runner, with this processor's kernels.
support::Result<Answers> run_on_linux(const Application& application);
/// In a machine of Mewz's; everything it has to read lies on a disk.
support::Result<Answers> run_in_mewz(const Application& application, u32 memory_mb, int timeout_ms);

}  // namespace pipit::inference
