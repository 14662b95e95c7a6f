// Products of bfloat16 pairs; see reference/pairs.c. Loops over v16_dot_pairs stand between v16_flush_begin and
// v16_flush_end, where instruction sets without the instruction switch subnormal numbers off.

static void encode_bf16(uint16_t *y, const float *x, size_t width) {
  size_t k = 0;
  for (; k + FK_LANES <= width; k += FK_LANES) v16_store_bf16(y + k, v16_load(x + k));
  for (; k < width; k++) y[k] = fk_encode_bf16(x[k]);
}

// 32 weights as pairs.
FK_INLINE v16i load_pairs(const void *p, fk_dtype dtype) {
  return dtype == FK_BF16 ? v16i_load(p) : v16i_load_e4m3_pairs(p);
}

FK_INLINE v16i load_pairs_tail(const void *p, fk_dtype dtype, size_t count) {
  padded space;
  return load_pairs(pad(&space, p, count * fk_element_bytes(dtype)), dtype);
}

FK_INLINE void pair_products(v16 sums[FK_TILE_ROWS][FK_TILE_TOKENS], size_t rows, size_t tokens, const uint16_t *x,
                             size_t x_stride, const uint8_t *w, size_t row_bytes, fk_dtype dtype, size_t begin,
                             size_t end) {
  size_t size = fk_element_bytes(dtype), k = begin;
  unsigned state = v16_flush_begin();
  for (; k + 2 * FK_LANES <= end; k += 2 * FK_LANES) {
    v16i weights[FK_TILE_ROWS];
#pragma unroll
    for (size_t r = 0; r < rows; r++) weights[r] = load_pairs(w + r * row_bytes + k * size, dtype);
#pragma unroll
    for (size_t t = 0; t < tokens; t++) {
      v16i values = v16i_load(x + t * x_stride + k);
#pragma unroll
      for (size_t r = 0; r < rows; r++) sums[r][t] = v16_dot_pairs(sums[r][t], values, weights[r]);
    }
  }
  if (k < end) {
    for (size_t t = 0; t < tokens; t++) {
      v16i values = load_pairs_tail(x + t * x_stride + k, FK_BF16, end - k);
      for (size_t r = 0; r < rows; r++)
        sums[r][t] = v16_dot_pairs(sums[r][t], values, load_pairs_tail(w + r * row_bytes + k * size, dtype, end - k));
    }
  }
  v16_flush_end(state);
}

FK_INLINE void pair_tile(size_t rows, size_t tokens, float *y, size_t y_stride, const uint16_t *x, size_t x_stride,
                         const fk_matrix *w, fk_dtype dtype, size_t n) {
  size_t row_bytes = w->cols * fk_element_bytes(dtype);
  const uint8_t *data = (const uint8_t *)w->data + n * row_bytes;
  v16 total[FK_TILE_ROWS][FK_TILE_TOKENS];
  clear(total, rows, tokens);
  if (dtype == FK_BF16) {
    pair_products(total, rows, tokens, x, x_stride, data, row_bytes, dtype, 0, w->cols);
  } else {
    for (size_t begin = 0; begin < w->cols; begin += w->block_cols) {
      v16 block[FK_TILE_ROWS][FK_TILE_TOKENS];
      clear(block, rows, tokens);
      pair_products(block, rows, tokens, x, x_stride, data, row_bytes, dtype, begin,
                    fk_min(begin + w->block_cols, w->cols));
#pragma unroll
      for (size_t r = 0; r < rows; r++) {
        v16 scale = v16_set(w->scales[(n + r) / w->block_rows * w->scale_cols + begin / w->block_cols]);
#pragma unroll
        for (size_t t = 0; t < tokens; t++) total[r][t] = v16_fma(scale, block[r][t], total[r][t]);
      }
    }
  }
  for (size_t t = 0; t < tokens; t++)
    for (size_t r = 0; r < rows; r++) y[t * y_stride + n + r] = v16_halve(total[r][t]);
}

FK_INLINE void matmul_pairs(float *y, size_t y_stride, const uint16_t *x, size_t x_stride, size_t tokens,
                            const fk_matrix *w, fk_dtype dtype, size_t row_begin, size_t row_end) {
  size_t n = row_begin;
  for (; n + FK_TILE_ROWS <= row_end; n += FK_TILE_ROWS) {
    size_t t = 0;
    for (; t + FK_TILE_TOKENS <= tokens; t += FK_TILE_TOKENS)
      pair_tile(FK_TILE_ROWS, FK_TILE_TOKENS, y + t * y_stride, y_stride, x + t * x_stride, x_stride, w, dtype, n);
    for (; t < tokens; t++)
      pair_tile(FK_TILE_ROWS, 1, y + t * y_stride, y_stride, x + t * x_stride, x_stride, w, dtype, n);
  }
  for (; n < row_end; n++)
    for (size_t t = 0; t < tokens; t++)
      pair_tile(1, 1, y + t * y_stride, y_stride, x + t * x_stride, x_stride, w, dtype, n);
}

static void matmul_bf16(float *y, size_t y_stride, const uint16_t *x, size_t x_stride, size_t tokens, const fk_matrix *w,
                        size_t row_begin, size_t row_end) {
  if (w->dtype == FK_BF16)
    matmul_pairs(y, y_stride, x, x_stride, tokens, w, FK_BF16, row_begin, row_end);
  else
    matmul_pairs(y, y_stride, x, x_stride, tokens, w, FK_E4M3, row_begin, row_end);
}
