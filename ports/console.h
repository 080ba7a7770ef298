#pragma once
#include "base/types.h"

namespace pipit::ports {

/// Where bytes for a person go: a UART, a terminal, a log.
class Console {
 public:
  virtual void write(Bytes text) = 0;

 protected:
  ~Console() = default;
};

}  // namespace pipit::ports
