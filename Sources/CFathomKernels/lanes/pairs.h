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

// Rows of weights where a tile finds them, as they are stored or as bfloat16: from one to the next `row_bytes` bytes and
// `row_step` rows.
typedef struct {
  const uint8_t *data;
  size_t row_bytes, row_step;
  fk_dtype dtype;
} pair_rows;

FK_INLINE void pair_tile(size_t rows, size_t tokens, float *y, size_t y_stride, const uint16_t *x, size_t x_stride,
                         const fk_matrix *w, pair_rows from, size_t n) {
  v16 total[FK_TILE_ROWS][FK_TILE_TOKENS];
  clear(total, rows, tokens);
  if (w->dtype == FK_BF16) {
    pair_products(total, rows, tokens, x, x_stride, from.data, from.row_bytes, from.dtype, 0, w->cols);
  } else {
    for (size_t begin = 0; begin < w->cols; begin += w->block_cols) {
      v16 block[FK_TILE_ROWS][FK_TILE_TOKENS];
      clear(block, rows, tokens);
      pair_products(block, rows, tokens, x, x_stride, from.data, from.row_bytes, from.dtype, begin,
                    fk_min(begin + w->block_cols, w->cols));
#pragma unroll
      for (size_t r = 0; r < rows; r++) {
        v16 scale = v16_set(w->scales[(n + r * from.row_step) / w->block_rows * w->scale_cols + begin / w->block_cols]);
#pragma unroll
        for (size_t t = 0; t < tokens; t++) total[r][t] = v16_fma(scale, block[r][t], total[r][t]);
      }
    }
  }
  halve_tile(y + n, y_stride, from.row_step, total, rows, tokens);
}

// A tile of rows against all tokens.
FK_INLINE void pair_row_tile(float *y, size_t y_stride, const uint16_t *x, size_t x_stride, size_t tokens,
                             const fk_matrix *w, pair_rows from, size_t n) {
  size_t t = 0;
  for (; w->dtype == FK_BF16 && t + FK_TILE_TOKENS <= tokens; t += FK_TILE_TOKENS)
    pair_tile(FK_TILE_ROWS, FK_TILE_TOKENS, y + t * y_stride, y_stride, x + t * x_stride, x_stride, w, from, n);
  // Blocks of scales need twice the sums.
  for (; t + FK_TILE_TOKENS / 2 <= tokens; t += FK_TILE_TOKENS / 2)
    pair_tile(FK_TILE_ROWS, FK_TILE_TOKENS / 2, y + t * y_stride, y_stride, x + t * x_stride, x_stride, w, from, n);
  for (; t < tokens; t++)
    pair_tile(FK_TILE_ROWS, 1, y + t * y_stride, y_stride, x + t * x_stride, x_stride, w, from, n);
}

FK_INLINE void matmul_pairs(float *y, size_t y_stride, const uint16_t *x, size_t x_stride, size_t tokens,
                            const fk_matrix *w, fk_dtype dtype, size_t row_begin, size_t row_end) {
  size_t row_bytes = w->cols * fk_element_bytes(dtype), n = row_begin;
  const uint8_t *data = w->data;
  // A few tokens: rows far apart, which makes as many streams from memory, each as long as can be. More: rows side by side.
  size_t tiles = (row_end - row_begin) / FK_TILE_ROWS, step = tokens <= FK_TILE_TOKENS ? tiles : 1;
  for (size_t i = 0; i < tiles; i++, n += step == 1 ? FK_TILE_ROWS : 1)
    pair_row_tile(y, y_stride, x, x_stride, tokens, w,
                  (pair_rows){data + n * row_bytes, step * row_bytes, step, dtype}, n);
  for (n = row_begin + tiles * FK_TILE_ROWS; n < row_end; n++)
    for (size_t t = 0; t < tokens; t++)
      pair_tile(1, 1, y + t * y_stride, y_stride, x + t * x_stride, x_stride, w,
                (pair_rows){data + n * row_bytes, row_bytes, 1, dtype}, n);
}

enum { DECODED_WIDTH = 8192 };  // columns of a tile of rows that are decoded on the stack

// E4M3 weights that many tokens read: a tile of rows becomes bfloat16, which is exact, before the tokens meet it.
static size_t matmul_decoded_pairs(float *y, size_t y_stride, const uint16_t *x, size_t x_stride, size_t tokens,
                                   const fk_matrix *w, size_t n, size_t row_end) {
  uint16_t rows[FK_TILE_ROWS][DECODED_WIDTH];
  for (; n + FK_TILE_ROWS <= row_end; n += FK_TILE_ROWS) {
    for (size_t r = 0; r < FK_TILE_ROWS; r++) {
      const uint8_t *codes = (const uint8_t *)w->data + (n + r) * w->cols;
      size_t k = 0;
      for (; k + 2 * FK_LANES <= w->cols; k += 2 * FK_LANES) v16i_store(rows[r] + k, v16i_load_e4m3_pairs(codes + k));
      if (k < w->cols) v16i_store(rows[r] + k, load_pairs_tail(codes + k, FK_E4M3, w->cols - k));
    }
    pair_row_tile(y, y_stride, x, x_stride, tokens, w, (pair_rows){(uint8_t *)rows, sizeof rows[0], 1, FK_BF16}, n);
  }
  return n;
}

static void matmul_bf16(float *y, size_t y_stride, const uint16_t *x, size_t x_stride, size_t tokens, const fk_matrix *w,
                        size_t row_begin, size_t row_end) {
  if (w->dtype == FK_BF16) {
    matmul_pairs(y, y_stride, x, x_stride, tokens, w, FK_BF16, row_begin, row_end);
    return;
  }
  if (tokens > FK_TILE_TOKENS && w->cols <= DECODED_WIDTH - 2 * FK_LANES)
    row_begin = matmul_decoded_pairs(y, y_stride, x, x_stride, tokens, w, row_begin, row_end);
  matmul_pairs(y, y_stride, x, x_stride, tokens, w, FK_E4M3, row_begin, row_end);
}
