/* Fashion-MNIST on a device: frames from the camera in, what is seen on them out. */
#include <pipit/print.h>
#include <pipit/sensor.h>
#include <pipit/telemetry.h>
#include <wasi_nn.h>

enum { kSide = 28, kPixels = kSide * kSide, kClasses = 10, kReportEvery = 100 };

static const char* const kNames[kClasses] = {"t-shirt", "trouser", "pullover", "dress", "coat",
                                             "sandal",  "shirt",   "sneaker",  "bag",   "ankle boot"};

static uint8_t frame[kPixels];
static float input[kPixels];
static float logits[kClasses];

/* Mean and deviation of the training images, as the model was trained with. */
static void normalise(void) {
  for (int i = 0; i < kPixels; ++i)
    input[i] = ((float)frame[i] * (1.0f / 255.0f) - 0.2860f) * (1.0f / 0.3530f);
}

static int best_class(void) {
  int best = 0;
  for (int i = 1; i < kClasses; ++i)
    if (logits[i] > logits[best]) best = i;
  return best;
}

static nn_errno classify(nn_context context) {
  static const uint32_t dims[] = {1, 1, kSide, kSide};
  const nn_tensor image = {dims, 4, NN_F32, input, sizeof input};
  size_t bytes = 0;
  nn_errno error = nn_set_input(context, 0, &image);
  if (error == NN_SUCCESS) error = nn_compute(context);
  if (error == NN_SUCCESS) error = nn_get_output(context, 0, logits, sizeof logits, &bytes);
  return error == NN_SUCCESS && bytes != sizeof logits ? NN_RUNTIME_ERROR : error;
}

static int fail(const char* what, int error) {
  pipit_print("fashion %s: %s failed with %d\n", PIPIT_APP_VERSION, what, error);
  return 1;
}

int main(void) {
  uint32_t camera;
  nn_graph graph;
  nn_context context;
  int error = pipit_sensor_open("camera", 6, &camera);
  if (error != 0) return fail("opening the camera", error);
  if ((error = nn_load_by_name("default", 7, &graph)) != 0) return fail("loading the model", error);
  if ((error = nn_init_execution_context(graph, &context)) != 0) return fail("preparing the model", error);

  for (uint32_t answered = 0;; ++answered) {
    struct pipit_frame_info info;
    error = pipit_sensor_read(camera, frame, sizeof frame, &info);
    if (error == PIPIT_ECANCELED) return 0; /* a replayed data set is at its end */
    if (error != 0 || info.bytes != kPixels || info.dtype != PIPIT_U8) return fail("reading a frame", error);
    normalise();
    if ((error = classify(context)) != 0) return fail("inference", error);
    error = pipit_telemetry_publish("logits", 6, info.sequence, logits, sizeof logits);
    if (error != 0) return fail("publishing", error);
    if (answered % kReportEvery == 0)
      pipit_print("fashion %s: frame %u is a %s\n", PIPIT_APP_VERSION, info.sequence, kNames[best_class()]);
  }
}
