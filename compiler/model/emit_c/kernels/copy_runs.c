static void copy_runs(const uint8_t* x, int32_t runs, int32_t bytes, int32_t step, uint8_t* out) {
  for (; runs > 0; --runs, x += bytes, out += step) memcpy(out, x, (size_t)bytes);
}
