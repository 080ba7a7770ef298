/* Frames of int8 in, a model's int8 answers out; the model, two sequences of 3 x 7 to 3 x 9, remembers. */
#include <pipit/print.h>
#include <pipit/sensor.h>
#include <pipit/telemetry.h>
#include <wasi_nn.h>

enum { kBatch = 2, kSteps = 3, kInputs = 7, kUnits = 9, kFrame = 64 };

static int8_t frame[kFrame];
static int8_t answer[kBatch * kSteps * kUnits];

static int fail(const char* what, int error) {
  pipit_print("sequence: %s failed with %d\n", what, error);
  return 1;
}

static nn_errno infer(nn_context context) {
  static const uint32_t dims[] = {kBatch, kSteps, kInputs};
  const nn_tensor input = {dims, 3, NN_I8, frame, kBatch * kSteps * kInputs};
  size_t bytes = 0;
  nn_errno error = nn_set_input(context, 0, &input);
  if (error == NN_SUCCESS) error = nn_compute(context);
  return error == NN_SUCCESS ? nn_get_output(context, 0, answer, sizeof answer, &bytes) : error;
}

int main(void) {
  uint32_t camera;
  nn_graph graph;
  nn_context context;
  int error = pipit_sensor_open("camera", 6, &camera);
  if (error != 0) return fail("opening the camera", error);
  if ((error = nn_load_by_name("default", 7, &graph)) != 0) return fail("loading the model", error);
  if ((error = nn_init_execution_context(graph, &context)) != 0) return fail("preparing the model", error);
  for (;;) {
    struct pipit_frame_info info;
    if ((error = pipit_sensor_read(camera, frame, sizeof frame, &info)) != 0) return fail("reading", error);
    if ((error = infer(context)) != 0) return fail("inference", error);
    error = pipit_telemetry_publish("answer", 6, info.sequence, answer, sizeof answer);
    if (error != 0) return fail("publishing", error);
  }
}
