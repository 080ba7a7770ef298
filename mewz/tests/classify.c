/* Runs the model "model" on a tensor from a file, image by image, and writes all outputs to another file:
 *   classify TYPE DIMENSIONS INPUT OUTPUT    as in: classify u8 1,224,224,3 photos.bin scores.bin
 * One line an image: the largest output's index, and how long computing took. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <wasi_nn.h>

static struct {
  const char* name;
  nn_tensor_type type;
  size_t bytes;
} const kTypes[] = {{"f32", NN_F32, 4}, {"u8", NN_U8, 1}, {"i8", NN_I8, 1}};

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int fail(const char* what, int error) {
  printf("%s: %d\n", what, error);
  return 1;
}

/* Index of the largest of `count` values. */
static size_t largest(const void* data, nn_tensor_type type, size_t count) {
  size_t best = 0;
  for (size_t i = 1; i < count; ++i) {
    const int above = type == NN_F32  ? ((const float*)data)[i] > ((const float*)data)[best]
                      : type == NN_U8 ? ((const uint8_t*)data)[i] > ((const uint8_t*)data)[best]
                                      : ((const int8_t*)data)[i] > ((const int8_t*)data)[best];
    if (above) best = i;
  }
  return best;
}

int main(int argc, char** argv) {
  static uint8_t output[4096];
  uint32_t dims[8];
  uint32_t rank = 0;
  size_t type = 0, bytes, got;
  nn_graph graph;
  nn_context context;
  nn_errno error;
  if (argc != 5) return fail("usage: classify TYPE DIMENSIONS INPUT OUTPUT", argc);
  while (type < 3 && strcmp(argv[1], kTypes[type].name) != 0) ++type;
  if (type == 3) return fail("unknown type", 0);
  bytes = kTypes[type].bytes;
  for (char* at = strtok(argv[2], ","); at != NULL && rank < 8; at = strtok(NULL, ",")) {
    dims[rank] = (uint32_t)atoi(at);
    bytes *= dims[rank++];
  }
  FILE* const in = fopen(argv[3], "rb");
  FILE* const out = fopen(argv[4], "wb");
  uint8_t* const data = malloc(bytes);
  if (in == NULL || out == NULL || data == NULL) return fail("files", in == NULL ? 1 : out == NULL ? 2 : 3);
  const double start = now_ms();
  if ((error = nn_load_by_name("model", 5, &graph)) != NN_SUCCESS) return fail("load", (int)error);
  if ((error = nn_init_execution_context(graph, &context)) != NN_SUCCESS) return fail("context", (int)error);
  printf("prepared in %.1f ms\n", now_ms() - start);
  while (fread(data, 1, bytes, in) == bytes) {
    const nn_tensor tensor = {dims, rank, kTypes[type].type, data, bytes};
    const double before = now_ms();
    if ((error = nn_set_input(context, 0, &tensor)) != NN_SUCCESS) return fail("input", (int)error);
    if ((error = nn_compute(context)) != NN_SUCCESS) return fail("compute", (int)error);
    if ((error = nn_get_output(context, 0, output, sizeof output, &got)) != NN_SUCCESS)
      return fail("output", (int)error);
    fwrite(output, 1, got, out);
    printf("class %u in %.1f ms\n", (unsigned)largest(output, kTypes[type].type, got / kTypes[type].bytes),
           now_ms() - before);
  }
  return fclose(out) != 0;
}
