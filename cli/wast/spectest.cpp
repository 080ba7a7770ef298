#include "cli/wast/store.h"

namespace pipit::wast {

Bytes spectest_module() {
  static constexpr u8 kModule[] = {
#embed "spectest.wasm"
  };
  return kModule;
}

}  // namespace pipit::wast
