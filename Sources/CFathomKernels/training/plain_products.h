// The meaning of training/products.h as plain loops: panels of FT_LEFT and FT_RIGHT rows, words of one column or of a
// bfloat16 pair.

static void ft_pack(uint32_t *packed, const ft_side *side, ft_rounding rounding, size_t panel, size_t row_begin,
                    size_t row_end, size_t depth_begin, size_t depth) {
  float rounded[FT_TILE * FT_RIGHT];
  for (size_t i = row_begin; i < row_end; i += panel) {
    ft_side from = *side;
    size_t rows = fk_min(panel, row_end - i), first = i, begin = depth_begin;
    if (rounding >= FT_E4M3_ROWS) {
      round_rows(rounded, side, rounding, i, rows, depth_begin, depth);
      from = (ft_side){rounded, FT_TILE, 1, rows, depth};
      first = begin = 0;
    }
    size_t step = rounding == FT_F32 ? 1 : 2;
    for (size_t k = 0; k < depth; k += step)
      for (size_t r = 0; r < panel; r++) {
        const float *at = from.data + (first + r) * from.row_stride + (begin + k) * from.depth_stride;
        float even = r < rows ? at[0] : 0, odd = r < rows && k + 1 < depth ? at[from.depth_stride] : 0;
        uint32_t word;
        memcpy(&word, &even, 4);
        *packed++ = rounding == FT_F32 ? word : fk_bf16_of(fk_flushed(even)) | (uint32_t)fk_bf16_of(fk_flushed(odd)) << 16;
      }
  }
}

static float word_product(float sum, uint32_t a, uint32_t b, int is_f32) {
  if (!is_f32)
    return fk_add_pair(sum, fk_decode_bf16((uint16_t)a), fk_decode_bf16((uint16_t)(a >> 16)), fk_decode_bf16((uint16_t)b),
                       fk_decode_bf16((uint16_t)(b >> 16)));
  float x, y;
  memcpy(&x, &a, 4);
  memcpy(&y, &b, 4);
  return fmaf(x, y, sum);
}

static void ft_multiply(float *c, size_t c_stride, const uint32_t *left, const uint32_t *right, ft_rounding rounding,
                        size_t rows, size_t columns, size_t depth, int accumulate) {
  int is_f32 = rounding == FT_F32;
  size_t steps = is_f32 ? depth : (depth + 1) / 2;
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++) {
      const uint32_t *a = left + i / FT_LEFT * FT_LEFT * steps + i % FT_LEFT;
      const uint32_t *b = right + j / FT_RIGHT * FT_RIGHT * steps + j % FT_RIGHT;
      float sum = 0;
      for (size_t k = 0; k < steps; k++) sum = word_product(sum, a[k * FT_LEFT], b[k * FT_RIGHT], is_f32);
      float *at = c + i * c_stride + j;
      *at = accumulate ? *at + sum : sum;
    }
}

static void ft_adam_step(float *value, const float *gradient, float *m, float *v, size_t count, const ft_adam *step) {
  float keep = 1.0f - step->rate * step->decay, rate = step->rate / step->correction1, scale = 1.0f / step->correction2;
  for (size_t k = 0; k < count; k++) {
    float g = gradient[k];
    m[k] = step->beta1 * m[k] + (1.0f - step->beta1) * g;
    v[k] = step->beta2 * v[k] + (1.0f - step->beta2) * g * g;
    value[k] = value[k] * keep - rate * m[k] / (sqrtf(v[k] * scale) + step->epsilon);
  }
}
