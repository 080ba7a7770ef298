/* The input again and again along its axes. */
static void tile(const uint8_t* x, const int32_t* dims, const int32_t* out_dims, int32_t rank,
                 int32_t element, uint8_t* out) {
  int32_t index[8] = {0};
  for (;; out += element) {
    int32_t at = 0, axis = rank;
    for (int32_t i = 0; i < rank; ++i) at = at * dims[i] + index[i] % dims[i];
    memcpy(out, x + at * element, (size_t)element);
    while (axis > 0 && ++index[axis - 1] == out_dims[axis - 1]) index[--axis] = 0;
    if (axis == 0) return;
  }
}
