#pragma once
#include <string>
#include <vector>

#include "base/types.h"
#include "compiler/model/dynamic_model.h"
#include "support/error.h"

/// Where a planned model spends time and memory.
namespace pipit::model {

struct OperatorProfile {
  u32 stage = 0;                    ///< of a model that is planned in stages
  std::string opcode, type, shape;  ///< engine's operator; element type and shape of its output
  u64 macs = 0;
  u64 activation_bytes = 0;  ///< read and written
  u64 constant_bytes = 0;    ///< weights and tables read
  u64 live_bytes = 0;        ///< of the arena in use while it runs
  f64 microseconds = 0;      ///< CPU time of this thread, the median of all runs
};

struct Profile {
  std::string model;
  u32 arena_bytes = 0;  ///< of the largest stage
  u32 stages = 1;
  u64 flash_bytes = 0, macs = 0;
  u32 iterations = 0;
  std::vector<OperatorProfile> operators;
  f64 microseconds() const;
};

/// Runs a planned model `iterations` times on zeros, with the kernels of this processor or, `portable`, with
/// those of a microcontroller. Errors are the loader's.
support::Result<Profile> profile_model(Bytes file, u32 iterations, bool portable);

/// Runs a model whose shapes its inputs decide once, each of its stages `iterations` times, on `values`.
/// Stages that compute nothing do not count. Errors are those of DynamicModel::run().
support::Result<Profile> profile_model(DynamicModel& model, const std::vector<HostValue>& values,
                                       u32 iterations);

/// The profile as an SVG picture: a bar of time and a bar of memory for each operator.
std::string profile_svg(const Profile& profile);

}  // namespace pipit::model
