// FP8 rounding of a side of a product. Source: DeepSeek-V3 report, section 3.3; scales are powers of two, so a rounded value
// times its scale is a bfloat16, products of two are exact in f32, and the scales never have to be applied apart.

FK_INLINE float largest_of(float largest, float x) { return fabsf(x) <= largest ? largest : fabsf(x); }

// The nearest multiple of the scale that e4m3 has, even ones first.
FK_INLINE float rounded_e4m3(float x, float inverse, float scale) {
  float y = x * inverse, magnitude = fabsf(y);
  magnitude = magnitude < 448.0f ? magnitude : 448.0f;
  // Below 2^-6 codes are multiples of 2^-9; from there on they have 3 bits behind the first.
  const float small = 0x1.8p+14f;  // 2^-9 is the last place of 1.5 * 2^14
  uint32_t bits;
  memcpy(&bits, &magnitude, 4);
  bits = (bits + 0x7FFFFu + (bits >> 20 & 1u)) & 0xFFF00000u;
  float normal;
  memcpy(&normal, &bits, 4);
  float code = magnitude < 0x1p-6f ? (magnitude + small) - small : normal;
  return copysignf(code * scale, y);
}

// Rows i ..< i + rows and one tile of columns, as multiples of their scales: rounded[r * FT_TILE + k].
static void round_rows(float *rounded, const ft_side *side, ft_rounding rounding, size_t i, size_t rows, size_t begin,
                       size_t depth) {
  float shared = 0;
  if (rounding == FT_E4M3_TILES) {
    size_t first = i / FT_TILE * FT_TILE, end = fk_min(first + FT_TILE, side->rows);
    for (size_t r = first; r < end; r++)
      for (size_t k = 0; k < depth; k++)
        shared = largest_of(shared, side->data[r * side->row_stride + (begin + k) * side->depth_stride]);
  }
  for (size_t r = 0; r < rows; r++) {
    const float *x = side->data + (i + r) * side->row_stride + begin * side->depth_stride;
    float largest = shared;
    if (rounding == FT_E4M3_ROWS)
      for (size_t k = 0; k < depth; k++) largest = largest_of(largest, x[k * side->depth_stride]);
    float scale = ft_tile_scale(largest), inverse = 1.0f / scale;
    for (size_t k = 0; k < depth; k++)
      rounded[r * FT_TILE + k] = rounded_e4m3(x[k * side->depth_stride], inverse, scale);
  }
}
