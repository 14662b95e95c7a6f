// What all variants of the training kernels share.
#include "../scalar.h"

float ft_tile_scale(float largest) {
  if (largest == 0) return 1;
  int exponent;
  float fraction = frexpf(largest / 448.0f, &exponent);
  // fraction * 2^exponent, fraction in [0.5, 1): a power of two stays what it is.
  if (fraction == 0.5f) exponent--;
  if (exponent < -100) exponent = -100;
  return largest - largest == 0 ? ldexpf(1, exponent) : largest - largest;
}

size_t ft_packed_words(ft_rounding rounding, size_t panel, size_t rows, size_t depth) {
  size_t panels = (rows + panel - 1) / panel;
  return panels * panel * (rounding == FT_F32 ? depth : (depth + 1) / 2) + FT_SLACK;
}

size_t ft_attention_scratch(size_t tokens, size_t qk_width, size_t v_width) {
  size_t width = qk_width > v_width ? qk_width : v_width;
  // Two blocks of scores, and the packed sides of a product; panels round up by less than 64 rows.
  size_t rows = tokens + FT_QUERY_BLOCK + width + 192;
  return 2 * FT_QUERY_BLOCK * tokens + rows * FT_DEPTH + 2 * FT_SLACK;
}
