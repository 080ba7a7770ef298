#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/types.h"
#include "nn/nn.h"
#include "support/error.h"

namespace pipit::up {

/// The same planned model run on this machine: what a device must answer, bit for bit.
class Oracle {
 public:
  static support::Result<std::unique_ptr<Oracle>> load(const std::string& model_file);
  /// The output tensor for one 8-bit image, normalised as examples/fashion/app.c does.
  support::Result<Bytes> infer(Bytes pixels);

 private:
  struct alignas(16) Block {
    u8 bytes[16];
  };
  Oracle(std::vector<u8> file, nn::PlannedModel model, std::vector<Block> arena, nn::Executor executor)
      : file_(std::move(file)), model_(model), arena_(std::move(arena)), executor_(std::move(executor)) {}
  std::vector<u8> file_;
  nn::PlannedModel model_;
  std::vector<Block> arena_;
  nn::Executor executor_;
};

/// Index of the largest of an output's f32 values; the first of equals.
u32 best_class(Bytes output);

}  // namespace pipit::up
