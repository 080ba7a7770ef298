#pragma once
#include "base/types.h"

namespace pipit::ports {

/// Random bytes, as good as the platform has.
class Entropy {
 public:
  virtual void fill(MutBytes out) = 0;

 protected:
  ~Entropy() = default;
};

}  // namespace pipit::ports
