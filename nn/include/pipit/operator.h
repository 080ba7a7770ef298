/* An operator of your own: what Pipit asks of it, in C99.
 *
 * A folder of C files, one of which defines `pipit_operator_entry`, is all: the model compiler loads it with
 * --operators=FOLDER, and the same files are compiled into a firmware (cmake -DPIPIT_OPERATORS=FOLDER). The
 * operator runs wherever nn/ does, so it must not allocate, call the C library beyond memcpy and memset, or
 * keep state.
 */
#ifndef PIPIT_OPERATOR_H
#define PIPIT_OPERATOR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PIPIT_OPERATOR_ABI 1u
#define PIPIT_MAX_RANK 8
/* Attributes of one operator; longest name with its NUL. */
#define PIPIT_MAX_ATTRIBUTES 24
#define PIPIT_MAX_NAME 48

/* Element types: base/dtype.h. */
enum pipit_dtype {
  PIPIT_F16 = 0,
  PIPIT_F32 = 1,
  PIPIT_U8 = 2,
  PIPIT_I32 = 3,
  PIPIT_I8 = 4,
  PIPIT_I64 = 5,
  PIPIT_I16 = 6,
  PIPIT_F64 = 7,
  PIPIT_BOOL = 8
};

typedef struct pipit_tensor {
  uint32_t dtype; /* enum pipit_dtype */
  uint32_t rank;
  uint32_t dims[PIPIT_MAX_RANK]; /* outermost first; 0 from rank on */
  float scale;                   /* real = scale * (q - zero_point); 0 = not quantised */
  int32_t zero_point;
} pipit_tensor;

typedef union pipit_value {
  int32_t integer;
  float real;
} pipit_value;

/* One attribute of the model's node: integers and reals, each with what stands for it where the node has
 * none. */
typedef struct pipit_attribute {
  const char* name;
  int32_t is_real;
  pipit_value fallback;
} pipit_attribute;

/* One node. `inputs` and `attributes` are in the order of the model and of pipit_operator.attributes. */
typedef struct pipit_node {
  const pipit_tensor* inputs;
  uint32_t input_count;
  const pipit_value* attributes;
} pipit_node;

typedef struct pipit_operator {
  uint32_t abi;     /* PIPIT_OPERATOR_ABI */
  const char* name; /* "domain.OpType" as the model writes them */
  uint32_t fewest_inputs, most_inputs;
  const pipit_attribute* attributes;
  uint32_t attribute_count;
  /* Type and shape of the output; null, or what is wrong with the node. Called with hostile nodes: check
   * everything that run() relies on. `output` begins with the model's scale and zero point and zero
   * otherwise. */
  const char* (*infer)(const pipit_node* node, pipit_tensor* output);
  /* Computes a node that infer() accepted. Elements are little-endian, row-major, 16-byte aligned; no two
   * overlap. */
  void (*run)(const pipit_node* node, const void* const* inputs, const pipit_tensor* output, void* out);
  /* Multiply-accumulates of a node; null = none. */
  uint64_t (*macs)(const pipit_node* node, const pipit_tensor* output);
  /* Of an accelerator's driver: its variable for the base of the memory-mapped registers, which the platform
   * sets before anything runs; null = the operator needs the processor alone. */
  volatile void** registers;
} pipit_operator;

/* What one of a folder's C files defines. */
extern const pipit_operator pipit_operator_entry;

#ifdef __cplusplus
}
#endif
#endif
