#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* wasi-nn (wasi_ephemeral_nn), as its witx says, for C. Pipit's extensions: tensor type int8, and planned
 * models
 * (.pipm) under the autodetect encoding. */

typedef enum {
  NN_SUCCESS = 0,
  NN_INVALID_ARGUMENT = 1,
  NN_INVALID_ENCODING = 2,
  NN_MISSING_MEMORY = 3,
  NN_BUSY = 4,
  NN_RUNTIME_ERROR = 5,
  NN_UNSUPPORTED_OPERATION = 6,
  NN_TOO_LARGE = 7,
  NN_NOT_FOUND = 8
} nn_errno;

typedef enum { NN_F16 = 0, NN_F32 = 1, NN_U8 = 2, NN_I32 = 3, NN_I8 = 4 } nn_tensor_type;

typedef enum {
  NN_OPENVINO = 0,
  NN_ONNX = 1,
  NN_TENSORFLOW = 2,
  NN_PYTORCH = 3,
  NN_TENSORFLOWLITE = 4,
  NN_AUTODETECT = 5 /* the bytes say what they are; a .pipm everywhere */
} nn_encoding;

typedef enum { NN_CPU = 0, NN_GPU = 1, NN_TPU = 2 } nn_target;

typedef uint32_t nn_graph;
typedef uint32_t nn_context;

typedef struct {
  const uint8_t* data;
  size_t bytes;
} nn_graph_builder;

typedef struct {
  const uint32_t* dims;
  size_t rank;
  uint8_t type; /* nn_tensor_type */
  const void* data;
  size_t bytes;
} nn_tensor;

#define PIPIT_NN(name) __attribute__((import_module("wasi_ephemeral_nn"), import_name(name)))

/* One builder holding the whole model. */
PIPIT_NN("load")
nn_errno nn_load(const nn_graph_builder* builders, size_t count, nn_encoding encoding, nn_target target,
                 nn_graph* graph);
/* A model of the package, by the name pipit.yaml gives it. */
PIPIT_NN("load_by_name") nn_errno nn_load_by_name(const char* name, size_t name_bytes, nn_graph* graph);
PIPIT_NN("init_execution_context") nn_errno nn_init_execution_context(nn_graph graph, nn_context* context);
/* Type, dimensions (those of length 1 do not count) and size must be exactly the model's. */
PIPIT_NN("set_input") nn_errno nn_set_input(nn_context context, uint32_t index, const nn_tensor* tensor);
PIPIT_NN("compute") nn_errno nn_compute(nn_context context);
/* NN_TOO_LARGE when the output does not fit; nothing is written then. */
PIPIT_NN("get_output")
nn_errno nn_get_output(nn_context context, uint32_t index, void* buffer, size_t capacity, size_t* bytes);

#ifdef __cplusplus
}
#endif
