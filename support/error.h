#pragma once
#include <string>

#include "base/result.h"

/// Helpers of hosted code: errors with a text, files, JSON, HTTP, processes, tables.
namespace pipit::support {

/// An error with a text of its own, for people: what failed, where, and the remedy. Core errors convert on
/// the way up.
struct Error {
  Error(Code code, std::string text) : code(code), text(std::move(text)) {}
  Error(const pipit::Error& core)
      : code(core.code),
        text(core.where == pipit::Error::kNowhere
                 ? std::string(core.message)
                 : std::string(core.message) + " (at " + std::to_string(core.where) + ")") {}
  /// "context: text"
  Error in(const std::string& context) && { return Error(code, context + ": " + text); }
  Code code;
  std::string text;
};

template <class T>
using Result = pipit::Result<T, Error>;
using Status = pipit::Result<void, Error>;

}  // namespace pipit::support
