/* com.example.HardGelu: x * clamp(slope * x + 0.5, 0, 1), a GELU without an exponential. Float tensors of any
 * shape. */
#include "pipit/operator.h"

static const pipit_attribute kAttributes[] = {{"slope", 1, {.real = 0.25f}}};

static const char* infer(const pipit_node* node, pipit_tensor* output) {
  const pipit_tensor* x = &node->inputs[0];
  if (x->dtype != PIPIT_F32) return "needs a float tensor";
  if (!(node->attributes[0].real > 0)) return "needs a positive slope";
  output->dtype = x->dtype;
  output->rank = x->rank;
  for (uint32_t axis = 0; axis < x->rank; ++axis) output->dims[axis] = x->dims[axis];
  return 0;
}

static void run(const pipit_node* node, const void* const* inputs, const pipit_tensor* output, void* out) {
  const float slope = node->attributes[0].real;
  const float* x = (const float*)inputs[0];
  float* y = (float*)out;
  uint32_t count = 1;
  for (uint32_t axis = 0; axis < output->rank; ++axis) count *= output->dims[axis];
  for (uint32_t i = 0; i < count; ++i) {
    float gate = slope * x[i] + 0.5f;
    gate = gate < 0 ? 0 : gate > 1 ? 1 : gate;
    y[i] = x[i] * gate;
  }
}

const pipit_operator pipit_operator_entry = {
    .abi = PIPIT_OPERATOR_ABI,
    .name = "com.example.HardGelu",
    .fewest_inputs = 1,
    .most_inputs = 1,
    .attributes = kAttributes,
    .attribute_count = 1,
    .infer = infer,
    .run = run,
};
