#include "cli/wast/backend.h"

#include "cli/wast/native.h"
#include "wasm/engine.h"
#include "wasm/register/translate.h"

namespace pipit::wast {

static support::Result<const void*> translate(const wasm::ValidModule& module, Arena& arena) {
  return TRY(wasm::translate_in(module, arena));
}

static constexpr Backend kBackends[] = {
    {"interp", &wasm::kInPlaceEngine, nullptr},
    {"register", &wasm::kRegisterEngine, translate},
    {"aot", &wasm::kNativeEngine, compile_native, true},
};

std::span<const Backend> backends() { return kBackends; }

support::Result<const Backend*> find_backend(std::string_view name) {
  std::string known;
  for (const Backend& backend : kBackends) {
    if (name == backend.name) return &backend;
    known += std::string(known.empty() ? "" : ", ") + backend.name;
  }
  return support::Error(Code::not_found, "no engine \"" + std::string(name) + "\"; there are: " + known);
}

}  // namespace pipit::wast
