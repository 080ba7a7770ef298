/* Where an index of a padded axis comes from: its nearest end, mirrored, or from the other end; a negative
   count of elements before an axis cuts. */
__attribute__((unused)) static inline int32_t pad_edge(int32_t at, int32_t extent) {
  return at < 0 ? 0 : at < extent ? at : extent - 1;
}
__attribute__((unused)) static inline int32_t pad_wrap(int32_t at, int32_t extent) {
  return (at % extent + extent) % extent;
}
__attribute__((unused)) static inline int32_t pad_reflect(int32_t at, int32_t extent) {
  if (extent == 1) return 0;
  const int32_t phase = pad_wrap(at, 2 * (extent - 1));
  return phase < extent ? phase : 2 * (extent - 1) - phase;
}
__attribute__((unused)) static inline int32_t pad_constant(int32_t at, int32_t extent) {
  return at >= 0 && at < extent ? at : -1;
}
static void pad_again(const uint8_t* x, int32_t (*source)(int32_t, int32_t), const int32_t* dims,
                      const int32_t* before, const int32_t* out_dims, int32_t rank, int32_t element,
                      const void* value, uint8_t* out) {
  int32_t index[8] = {0};
  for (;; out += element) {
    int32_t from = 0, axis = rank;
    for (int32_t i = 0; i < rank && from >= 0; ++i) {
      const int32_t at = source(index[i] - before[i], dims[i]);
      from = at < 0 ? -1 : from * dims[i] + at;
    }
    if (from >= 0)
      memcpy(out, x + from * element, (size_t)element);
    else if (value != 0)
      memcpy(out, value, (size_t)element);
    else
      memset(out, 0, (size_t)element);
    while (axis > 0 && ++index[axis - 1] == out_dims[axis - 1]) index[--axis] = 0;
    if (axis == 0) return;
  }
}
