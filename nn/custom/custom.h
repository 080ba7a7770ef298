#pragma once
#include <span>

#include "nn/include/pipit/operator.h"
#include "nn/nn.h"

/// Operators that are not Pipit's: found by name, behind the C interface of pipit/operator.h.
namespace pipit::nn {

/// Those this program has. A firmware links the table that its build made (PIPIT_OPERATORS), hosted programs
/// one that grows at run time.
std::span<const pipit_operator* const> custom_operators();
/// nullptr when there is none of that name.
const pipit_operator* find_custom_operator(std::string_view name);

/// Adds one to a hosted program's table; it must stay valid. Not while models are being loaded on another
/// thread. Errors: invalid_argument (another ABI, a name that is too long or taken, too many attributes),
/// out_of_memory.
Status register_custom_operator(const pipit_operator& op);

/// nullptr, or why `op` cannot be used at all.
const char* check_custom_operator(const pipit_operator& op);

}  // namespace pipit::nn
