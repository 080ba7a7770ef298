/* An index as a place on its axis: a negative one counts from the end, one outside is the nearest end. */
static inline int32_t index_within(int64_t index, int32_t extent) {
  if (index < 0) index += extent;
  return index < 0 ? 0 : index >= extent ? extent - 1 : (int32_t)index;
}
