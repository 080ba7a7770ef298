/* strides: of the input, in elements, along each axis of the output. */
static void transpose(const uint8_t* x, const int32_t* strides, const int32_t* dims, int32_t rank,
                      int32_t element, uint8_t* out) {
  int32_t index[8] = {0};
  for (;;) {
    int32_t at = 0, axis = rank;
    for (int32_t i = 0; i < rank; ++i) at += index[i] * strides[i];
    memcpy(out, x + at * element, (size_t)element);
    out += element;
    while (axis > 0 && ++index[axis - 1] == dims[axis - 1]) index[--axis] = 0;
    if (axis == 0) return;
  }
}
