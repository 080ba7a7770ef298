#pragma once
#include <string>
#include <vector>

#include "base/types.h"
#include "support/error.h"

/// Where a planned model spends time and memory.
namespace pipit::model {

struct OperatorProfile {
  std::string opcode, type, shape;  ///< engine's operator; element type and shape of its output
  u64 macs = 0;
  u64 activation_bytes = 0;  ///< read and written
  u64 constant_bytes = 0;    ///< weights and tables read
  u64 live_bytes = 0;        ///< of the arena in use while it runs
  f64 microseconds = 0;      ///< CPU time of this thread, the median of all runs
};

struct Profile {
  std::string model;
  u32 arena_bytes = 0;
  u64 flash_bytes = 0, macs = 0;
  u32 iterations = 0;
  std::vector<OperatorProfile> operators;
  f64 microseconds() const;
};

/// Runs a planned model `iterations` times on zeros, with the kernels of this processor or, `portable`, with
/// those of a microcontroller. Errors are the loader's.
support::Result<Profile> profile_model(Bytes file, u32 iterations, bool portable);

/// The profile as an SVG picture: a bar of time and a bar of memory for each operator.
std::string profile_svg(const Profile& profile);

}  // namespace pipit::model
