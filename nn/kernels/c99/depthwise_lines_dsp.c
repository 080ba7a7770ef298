/* The memory of depthwise_3x3_i8(). */
enum {
  LINE_COLUMNS = 54, /* wider images are cut into strips */
  LINE_BYTES = 2 * LINE_COLUMNS,
  PLANE_BYTES = 3 * LINE_BYTES,
  DEPTHWISE_LINES_BYTES = 4 * PLANE_BYTES
};
