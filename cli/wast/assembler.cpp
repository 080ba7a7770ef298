#include "cli/wast/assembler.h"

#include "support/process.h"

namespace pipit::wast {

support::Result<bool> assembles(const std::string& path) {
  const auto output = TRY(support::run(
      {"wat2wasm", "--enable-tail-call", "--enable-extended-const", path, "--output=/dev/null"}));
  return output.exit_code == 0;
}

}  // namespace pipit::wast
