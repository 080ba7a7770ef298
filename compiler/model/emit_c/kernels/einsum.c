/* One loop a label; steps [operand, label], those of the output last. */
#define EINSUM(name, type, wide)                                                                       \
  static void name(const type* const* operands, int32_t count, const int32_t* extents, int32_t labels, \
                   const int32_t* steps, int32_t elements, type* out) {                                \
    int32_t index[16] = {0}, at[5] = {0}, label;                                                       \
    memset(out, 0, (size_t)elements * sizeof(type));                                                   \
    do {                                                                                               \
      wide product = 1;                                                                                \
      for (int32_t k = 0; k < count; ++k) product *= (wide)operands[k][at[k]];                         \
      out[at[count]] = (type)((wide)out[at[count]] + product);                                         \
      for (label = labels; label-- > 0;) {                                                             \
        for (int32_t k = 0; k <= count; ++k) at[k] += steps[k * labels + label];                       \
        if (++index[label] < extents[label]) break;                                                    \
        for (int32_t k = 0; k <= count; ++k) at[k] -= steps[k * labels + label] * index[label];        \
        index[label] = 0;                                                                              \
      }                                                                                                \
    } while (label >= 0);                                                                              \
  }
