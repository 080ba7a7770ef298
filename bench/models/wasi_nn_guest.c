// wasi_nn_guest ROUNDS: so many inferences of the model "tiny", set_input, compute and get_output each.
#include <stdlib.h>
#include <wasi_nn.h>

int main(int argc, char** argv) {
  const long rounds = argc > 1 ? atol(argv[1]) : 0;
  int8_t values[16] = {1, 2, 3}, result[16];
  const uint32_t dims[1] = {16};
  size_t bytes = 0;
  nn_graph model;
  nn_context context;
  if (nn_load_by_name("tiny", 4, &model) != NN_SUCCESS ||
      nn_init_execution_context(model, &context) != NN_SUCCESS)
    return 1;
  const nn_tensor input = {dims, 1, NN_I8, values, sizeof values};
  for (long i = 0; i < rounds; ++i) {
    values[0] = (int8_t)(i % 100);
    if (nn_set_input(context, 0, &input) != NN_SUCCESS || nn_compute(context) != NN_SUCCESS ||
        nn_get_output(context, 0, result, sizeof result, &bytes) != NN_SUCCESS || result[0] != values[0])
      return 2;
  }
  return 0;
}
