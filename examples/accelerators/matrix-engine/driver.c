/* The driver: one custom operator, matrix_engine.layer, that the compiler puts in the place of int8
 * convolutions and fully connected layers. Inputs: image, weights, folded bias, a rescale pair per output
 * channel (nn/format.h). */
#include "matrix_engine.h"
#include "pipit/operator.h"

enum attribute {
  STRIDE_H,
  STRIDE_W,
  DILATION_H,
  DILATION_W,
  PAD_TOP,
  PAD_BOTTOM,
  PAD_LEFT,
  PAD_RIGHT,
  LOW,
  HIGH,
  ATTRIBUTES
};

static const pipit_attribute kAttributes[ATTRIBUTES] = {
    {"stride_h", 0, {1}}, {"stride_w", 0, {1}},   {"dilation_h", 0, {1}}, {"dilation_w", 0, {1}},
    {"pad_top", 0, {0}},  {"pad_bottom", 0, {0}}, {"pad_left", 0, {0}},   {"pad_right", 0, {0}},
    {"low", 0, {-128}},   {"high", 0, {127}}};

static volatile void* base;

/* One side of the output, or 0 where the window does not fit. */
static uint32_t extent(uint32_t input, uint32_t kernel, const pipit_value* stride, int32_t dilation,
                       int64_t pads) {
  const int64_t room = (int64_t)input + pads - (int64_t)dilation * ((int64_t)kernel - 1) - 1;
  return room < 0 ? 0 : (uint32_t)(room / stride->integer + 1);
}

static const char* check_operands(const pipit_node* node, uint32_t out_c) {
  const pipit_tensor *bias = &node->inputs[2], *factors = &node->inputs[3];
  if (node->inputs[0].dtype != PIPIT_I8 || node->inputs[1].dtype != PIPIT_I8)
    return "the engine multiplies int8 only";
  if (bias->dtype != PIPIT_I32 || bias->rank != 1 || bias->dims[0] != out_c)
    return "the engine needs a bias per channel";
  if (factors->dtype != PIPIT_I32 || factors->rank != 2 || factors->dims[0] != out_c || factors->dims[1] != 2)
    return "the engine needs a rescale pair per channel";
  return 0;
}

static const char* infer_image(const pipit_node* node, pipit_tensor* output) {
  const pipit_tensor *x = &node->inputs[0], *w = &node->inputs[1];
  const pipit_value* a = node->attributes;
  for (int i = STRIDE_H; i <= DILATION_W; ++i)
    if (a[i].integer < 1 || a[i].integer > 0xFFFF) return "stride or dilation out of range";
  for (int i = PAD_TOP; i <= PAD_RIGHT; ++i)
    if (a[i].integer < 0 || a[i].integer > 0xFFFF) return "padding out of range";
  if (w->rank != 4 || x->dims[3] != w->dims[3]) return "weights do not fit the image";
  output->rank = 4;
  output->dims[0] = x->dims[0];
  output->dims[1] = extent(x->dims[1], w->dims[1], &a[STRIDE_H], a[DILATION_H].integer,
                           (int64_t)a[PAD_TOP].integer + a[PAD_BOTTOM].integer);
  output->dims[2] = extent(x->dims[2], w->dims[2], &a[STRIDE_W], a[DILATION_W].integer,
                           (int64_t)a[PAD_LEFT].integer + a[PAD_RIGHT].integer);
  output->dims[3] = w->dims[0];
  return output->dims[1] == 0 || output->dims[2] == 0 ? "the window does not fit the image" : 0;
}

static const char* infer(const pipit_node* node, pipit_tensor* output) {
  const pipit_tensor *x = &node->inputs[0], *w = &node->inputs[1];
  if (w->rank != 2 && w->rank != 4) return "weights are neither of rank 2 nor 4";
  const char* wrong = check_operands(node, w->dims[0]);
  if (wrong) return wrong;
  if (node->attributes[LOW].integer < -128 || node->attributes[HIGH].integer > 127 ||
      node->attributes[LOW].integer > node->attributes[HIGH].integer)
    return "bounds outside int8";
  output->dtype = PIPIT_I8;
  if (x->rank == 4 && w->rank == 4) return infer_image(node, output);
  if (x->rank != 2 || w->rank != 2 || x->dims[1] != w->dims[1]) return "weights do not fit the input";
  output->rank = 2;
  output->dims[0] = x->dims[0];
  output->dims[1] = w->dims[0];
  return 0;
}

static void set(uint32_t number, uint32_t value) { ((volatile uint32_t*)base)[number] = value; }
static uint32_t get(uint32_t number) { return ((volatile uint32_t*)base)[number]; }
static void set_address(uint32_t number, const void* address) {
  set(number, (uint32_t)(uintptr_t)address);
  set(number + 1, (uint32_t)((uint64_t)(uintptr_t)address >> 32));
}

static void set_geometry(const pipit_node* node, const pipit_tensor* output) {
  const pipit_tensor *x = &node->inputs[0], *w = &node->inputs[1];
  const pipit_value* a = node->attributes;
  const int image = w->rank == 4;
  set(MATRIX_ENGINE_REG_IN_H, image ? x->dims[1] : 1);
  set(MATRIX_ENGINE_REG_IN_W, image ? x->dims[2] : 1);
  set(MATRIX_ENGINE_REG_IN_C, image ? x->dims[3] : x->dims[1]);
  set(MATRIX_ENGINE_REG_OUT_H, image ? output->dims[1] : 1);
  set(MATRIX_ENGINE_REG_OUT_W, image ? output->dims[2] : 1);
  set(MATRIX_ENGINE_REG_OUT_C, w->dims[0]);
  set(MATRIX_ENGINE_REG_KERNEL_H, image ? w->dims[1] : 1);
  set(MATRIX_ENGINE_REG_KERNEL_W, image ? w->dims[2] : 1);
  set(MATRIX_ENGINE_REG_STRIDE_H, (uint32_t)a[STRIDE_H].integer);
  set(MATRIX_ENGINE_REG_STRIDE_W, (uint32_t)a[STRIDE_W].integer);
  set(MATRIX_ENGINE_REG_DILATION_H, (uint32_t)a[DILATION_H].integer);
  set(MATRIX_ENGINE_REG_DILATION_W, (uint32_t)a[DILATION_W].integer);
  set(MATRIX_ENGINE_REG_PAD_TOP, (uint32_t)a[PAD_TOP].integer);
  set(MATRIX_ENGINE_REG_PAD_LEFT, (uint32_t)a[PAD_LEFT].integer);
  set(MATRIX_ENGINE_REG_PAD_VALUE, (uint32_t)x->zero_point);
  set(MATRIX_ENGINE_REG_ZERO_POINT, (uint32_t)output->zero_point);
  set(MATRIX_ENGINE_REG_LOW, (uint32_t)a[LOW].integer);
  set(MATRIX_ENGINE_REG_HIGH, (uint32_t)a[HIGH].integer);
}

/* One image at a time; the registers keep what they were given. */
static void run(const pipit_node* node, const void* const* inputs, const pipit_tensor* output, void* out) {
  uint32_t in_bytes = 1, out_bytes = 1;
  for (uint32_t axis = 1; axis < node->inputs[0].rank; ++axis) in_bytes *= node->inputs[0].dims[axis];
  for (uint32_t axis = 1; axis < output->rank; ++axis) out_bytes *= output->dims[axis];
  set_geometry(node, output);
  set_address(MATRIX_ENGINE_REG_WEIGHTS, inputs[1]);
  set_address(MATRIX_ENGINE_REG_BIAS, inputs[2]);
  set_address(MATRIX_ENGINE_REG_FACTORS, inputs[3]);
  for (uint32_t image = 0; image < output->dims[0]; ++image) {
    set_address(MATRIX_ENGINE_REG_INPUT, (const int8_t*)inputs[0] + (uint64_t)image * in_bytes);
    set_address(MATRIX_ENGINE_REG_OUTPUT, (int8_t*)out + (uint64_t)image * out_bytes);
    set(MATRIX_ENGINE_REG_STATUS, MATRIX_ENGINE_BUSY);
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* operands and geometry are in memory before the engine looks */
    set(MATRIX_ENGINE_REG_START, 1);
    while (get(MATRIX_ENGINE_REG_STATUS) == MATRIX_ENGINE_BUSY) {
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
  }
}

static uint64_t macs(const pipit_node* node, const pipit_tensor* output) {
  const pipit_tensor* w = &node->inputs[1];
  uint64_t count = 1;
  for (uint32_t axis = 0; axis < output->rank; ++axis) count *= output->dims[axis];
  for (uint32_t axis = 1; axis < w->rank; ++axis) count *= w->dims[axis];
  return count;
}

const pipit_operator pipit_operator_entry = {
    .abi = PIPIT_OPERATOR_ABI,
    .name = "matrix_engine.layer",
    .fewest_inputs = 4,
    .most_inputs = 4,
    .attributes = kAttributes,
    .attribute_count = ATTRIBUTES,
    .infer = infer,
    .run = run,
    .macs = macs,
    .registers = &base,
};
