#include "nn/custom/custom.h"

/// The table of programs that learn of operators while they run.
namespace pipit::nn {
namespace {

constexpr u32 kMost = 64;
const pipit_operator* g_operators[kMost];
u32 g_count = 0;

}  // namespace

std::span<const pipit_operator* const> custom_operators() { return {g_operators, g_count}; }

Status register_custom_operator(const pipit_operator& op) {
  if (const char* wrong = check_custom_operator(op)) return Error{Code::invalid_argument, wrong};
  if (find_custom_operator(op.name) != nullptr)
    return Error{Code::invalid_argument, "an operator of that name is registered"};
  if (g_count == kMost) return Error{Code::out_of_memory, "more than 64 operators are registered"};
  g_operators[g_count++] = &op;
  return {};
}

}  // namespace pipit::nn
