/* Runs model "sample" on a pattern and prints every byte of its output. */
#include <stdint.h>
#include <stdio.h>

#include <wasi_nn.h>

static int fail(const char* what, nn_errno error) {
  printf("%s: %d\n", what, (int)error);
  return 1;
}

int main(void) {
  static const uint32_t dims[] = {1, 8, 8, 2};
  static float input[8 * 8 * 2];
  static uint8_t output[1024];
  nn_graph graph;
  nn_context context;
  nn_errno error;
  size_t bytes;
  for (uint32_t i = 0; i < sizeof input / sizeof *input; ++i)
    input[i] = (float)(i * 2654435761u >> 22) / 256.0f - 2.0f;
  const nn_tensor tensor = {dims, 4, NN_F32, input, sizeof input};
  if ((error = nn_load_by_name("sample", 6, &graph)) != NN_SUCCESS) return fail("load", error);
  if ((error = nn_init_execution_context(graph, &context)) != NN_SUCCESS) return fail("context", error);
  if ((error = nn_set_input(context, 0, &tensor)) != NN_SUCCESS) return fail("input", error);
  if ((error = nn_compute(context)) != NN_SUCCESS) return fail("compute", error);
  if ((error = nn_get_output(context, 0, output, sizeof output, &bytes)) != NN_SUCCESS)
    return fail("output", error);
  printf("output");
  for (size_t i = 0; i < bytes; ++i) printf(" %02x", output[i]);
  printf("\n");
  return 0;
}
