#pragma once
#include "wasm/interpreter.h"

/// Handlers of instructions that compute one value: UNARY from its operand a, BINARY from a and b.
#define UNARY(id, In, Out, expression)              \
  void op_##id(PIPIT_HANDLER_ARGS) {                \
    const auto a = get<In>(sp[-1]);                 \
    put<Out>(sp[-1], static_cast<Out>(expression)); \
    PIPIT_NEXT(pc, sp);                             \
  }
#define BINARY(id, In, Out, expression)             \
  void op_##id(PIPIT_HANDLER_ARGS) {                \
    const auto b = get<In>(sp[-1]);                 \
    const auto a = get<In>(sp[-2]);                 \
    put<Out>(sp[-2], static_cast<Out>(expression)); \
    PIPIT_NEXT(pc, sp - 1);                         \
  }
