#include "cli/wast/backend.h"

#include "wasm/engine.h"

namespace pipit::wast {

static constexpr Backend kBackends[] = {
    {"interp", &wasm::kInPlaceEngine, nullptr},
};

support::Result<const Backend*> find_backend(std::string_view name) {
  std::string known;
  for (const Backend& backend : kBackends) {
    if (name == backend.name) return &backend;
    known += std::string(known.empty() ? "" : ", ") + backend.name;
  }
  return support::Error(Code::not_found, "no engine \"" + std::string(name) + "\"; there are: " + known);
}

}  // namespace pipit::wast
