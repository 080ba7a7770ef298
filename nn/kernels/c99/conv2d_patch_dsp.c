/* Windows of `depth` values are expanded together in a patch: four where it holds them, else two. One alone
 * is left as it is. Behind the expanded windows there is room for one as it is. */
enum { CONV2D_PATCH_BYTES = 2880 };

static inline int32_t conv2d_pixels(int32_t depth) {
  const int32_t padded = (depth + 3) / 4 * 4;
  return 9 * padded <= CONV2D_PATCH_BYTES ? 4 : 5 * padded <= CONV2D_PATCH_BYTES ? 2 : 1;
}
