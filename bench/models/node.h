#pragma once
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "support/error.h"

namespace pipit::bench {

/// ONNX Runtime in a Node process that answers one line to each line (onnxruntime.mjs).
class OnnxRuntime {
 public:
  /// not_found where Node or the package is missing.
  static support::Result<std::unique_ptr<OnnxRuntime>> start();
  OnnxRuntime(const OnnxRuntime&) = delete;
  ~OnnxRuntime();

  /// `unsigned_activations` rewrites a QDQ model for its u8s8 kernels.
  support::Status load(const std::string& file, bool unsigned_activations);
  /// Output 0 of the loaded model for input 0's bytes; files of these names in `folder` are overwritten.
  support::Result<std::vector<u8>> run(const std::vector<u8>& input, const std::string& folder);
  /// As its package says; empty where it does not.
  static std::string version();
  /// CPU milliseconds of one inference, over `count`.
  support::Result<f64> sample(u32 count);

 private:
  OnnxRuntime(int pid, std::FILE* to, std::FILE* from) : pid_(pid), to_(to), from_(from) {}
  support::Result<std::string> ask(const std::string& line);
  int pid_;
  std::FILE *to_, *from_;
};

}  // namespace pipit::bench
