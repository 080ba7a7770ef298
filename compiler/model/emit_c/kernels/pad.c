static void pad(const uint8_t* x, const int32_t* dims, const int32_t* before, const int32_t* out_dims,
                int32_t rank, int32_t element, const void* value, uint8_t* out) {
  int32_t index[8] = {0}, count = 1;
  for (int32_t i = 0; i < rank; ++i) count *= out_dims[i];
  for (int32_t i = 0; i < count; ++i) memcpy(out + i * element, value, (size_t)element);
  const int32_t row = dims[rank - 1] * element;
  for (;; x += row) {
    int32_t at = 0, axis = rank - 1;
    for (int32_t i = 0; i < rank; ++i) at = at * out_dims[i] + before[i] + index[i];
    memcpy(out + at * element, x, (size_t)row);
    while (axis > 0 && ++index[axis - 1] == dims[axis - 1]) index[--axis] = 0;
    if (axis == 0) return;
  }
}
