// Every helper.
#include "wasm/native/arithmetic.h"
#include "wasm/native/context.h"
#include "wasm/native/helpers.h"

namespace pipit::wasm::native {

namespace {

struct HelperTable {
#define HELPER(id, signature) decltype(&help::id) id;
#include "wasm/native/helpers.def"
#undef HELPER
};
static_assert(sizeof(HelperTable) == static_cast<u32>(Helper::count) * sizeof(void*));

constexpr HelperTable kHelpers = {
#define HELPER(id, signature) .id = help::id,
#include "wasm/native/helpers.def"
#undef HELPER
};

}  // namespace

constinit const bool kHasArithmetic = true;
const void* helper_table() { return &kHelpers; }

}  // namespace pipit::wasm::native
