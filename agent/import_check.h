#pragma once
#include "base/text.h"
#include "wasi/context.h"

namespace pipit::agent {

/// Whether this device offers "module.name". Both parts may contain dots, so each is tried.
inline bool import_is_offered(std::string_view import) {
  for (usize dot = import.find('.'); dot != std::string_view::npos; dot = import.find('.', dot + 1))
    if (wasi::offers(slice(import, 0, dot), slice(import, dot + 1))) return true;
  return false;
}

}  // namespace pipit::agent
