// The fast kernels, written once over v16, a value of 16 float lanes; each instruction set includes this file after
// saying what v16 is. The order of every sum is the one that reference/kernels.c states.

#pragma STDC FP_CONTRACT OFF

// Bytes of up to 16 elements followed by zeros, so that the last step over a row reads nothing beyond it.
typedef struct {
  uint8_t bytes[4 * FK_LANES];
} padded;

FK_INLINE const void *pad(padded *space, const void *p, size_t bytes) {
  memset(space->bytes, 0, sizeof space->bytes);
  memcpy(space->bytes, p, bytes);
  return space->bytes;
}

#ifdef FK_PLAIN_TRANSPOSE
// Word i of register j goes to word j of register i.
FK_INLINE void v16i_transpose(v16i x[FK_LANES]) {
  int32_t words[FK_LANES][FK_LANES], turned[FK_LANES][FK_LANES];
  for (size_t i = 0; i < FK_LANES; i++) v16i_store(words[i], x[i]);
  for (size_t i = 0; i < FK_LANES; i++)
    for (size_t j = 0; j < FK_LANES; j++) turned[i][j] = words[j][i];
  for (size_t i = 0; i < FK_LANES; i++) x[i] = v16i_load(turned[i]);
}
#endif

FK_INLINE v16 load_elements(const void *p, fk_dtype dtype) {
  return dtype == FK_F32    ? v16_load(p)
         : dtype == FK_F16  ? v16_load_f16(p)
         : dtype == FK_BF16 ? v16_load_bf16(p)
                            : v16_load_e4m3(p);
}

FK_INLINE v16 load_tail(const void *p, fk_dtype dtype, size_t count) {
  padded space;
  return load_elements(pad(&space, p, count * fk_element_bytes(dtype)), dtype);
}

FK_INLINE void store_tail(float *p, v16 x, size_t count) {
  float lanes[FK_LANES];
  v16_store(lanes, x);
  memcpy(p, lanes, 4 * count);
}

FK_INLINE v16 v16_exp(v16 x) {
  x = v16_min(v16_set(FK_EXP_HIGH), x);
  x = v16_max(v16_set(FK_EXP_LOW), x);
  v16 shifted = v16_fma(x, v16_set(FK_EXP_LOG2E), v16_set(FK_EXP_MAGIC));
  v16 n = v16_sub(shifted, v16_set(FK_EXP_MAGIC));
  v16 r = v16_fma(n, v16_set(-FK_EXP_LN2_HIGH), x);
  r = v16_fma(n, v16_set(-FK_EXP_LN2_LOW), r);
  v16 p = v16_set(FK_EXP_C6);
  p = v16_fma(p, r, v16_set(FK_EXP_C5));
  p = v16_fma(p, r, v16_set(FK_EXP_C4));
  p = v16_fma(p, r, v16_set(FK_EXP_C3));
  p = v16_fma(p, r, v16_set(FK_EXP_C2));
  p = v16_fma(p, r, v16_set(1.0f));
  p = v16_fma(p, r, v16_set(1.0f));
  return v16_mul(p, v16_power_of_two(shifted));
}

// Adds products over columns begin ..< end to sums[rows][tokens]. `rows` and `tokens` are constants where it is called.
FK_INLINE void tile_products(v16 sums[FK_TILE_ROWS][FK_TILE_TOKENS], size_t rows, size_t tokens, const float *x,
                             size_t x_stride, const uint8_t *w, size_t row_bytes, fk_dtype dtype, size_t begin,
                             size_t end) {
  size_t size = fk_element_bytes(dtype);
  size_t k = begin;
  for (; k + FK_LANES <= end; k += FK_LANES) {
    v16 weights[FK_TILE_ROWS];
#pragma unroll
    for (size_t r = 0; r < rows; r++) weights[r] = load_elements(w + r * row_bytes + k * size, dtype);
#pragma unroll
    for (size_t t = 0; t < tokens; t++) {
      v16 values = v16_load(x + t * x_stride + k);
#pragma unroll
      for (size_t r = 0; r < rows; r++) sums[r][t] = v16_fma(values, weights[r], sums[r][t]);
    }
  }
  if (k == end) return;
  for (size_t t = 0; t < tokens; t++) {
    v16 values = load_tail(x + t * x_stride + k, FK_F32, end - k);
    for (size_t r = 0; r < rows; r++)
      sums[r][t] = v16_fma(values, load_tail(w + r * row_bytes + k * size, dtype, end - k), sums[r][t]);
  }
}

FK_INLINE void clear(v16 sums[FK_TILE_ROWS][FK_TILE_TOKENS], size_t rows, size_t tokens) {
#pragma unroll
  for (size_t r = 0; r < rows; r++)
#pragma unroll
    for (size_t t = 0; t < tokens; t++) sums[r][t] = v16_set(0);
}

// The sums of a tile's lanes, those of row r and token t to y[t * y_stride + r * row_step].
FK_INLINE void halve_tile(float *y, size_t y_stride, size_t row_step, v16 total[FK_TILE_ROWS][FK_TILE_TOKENS],
                          size_t rows, size_t tokens) {
#pragma unroll
  for (size_t t = 0; t < tokens; t++) {
    float sums[FK_TILE_ROWS];
    v16 column[FK_TILE_ROWS];
#pragma unroll
    for (size_t r = 0; r < rows; r++) column[r] = total[r][t];
    if (rows == FK_TILE_ROWS) v16_halve_tile(sums, column);
    else
      for (size_t r = 0; r < rows; r++) sums[r] = v16_halve(column[r]);
#pragma unroll
    for (size_t r = 0; r < rows; r++) y[t * y_stride + r * row_step] = sums[r];
  }
}

FK_INLINE void tile(size_t rows, size_t tokens, float *y, size_t y_stride, const float *x, size_t x_stride,
                    const fk_matrix *w, fk_dtype dtype, size_t n) {
  size_t row_bytes = w->cols * fk_element_bytes(dtype);
  const uint8_t *data = (const uint8_t *)w->data + n * row_bytes;
  v16 total[FK_TILE_ROWS][FK_TILE_TOKENS];
  clear(total, rows, tokens);
  if (dtype != FK_E4M3) {
    tile_products(total, rows, tokens, x, x_stride, data, row_bytes, dtype, 0, w->cols);
  } else {
    for (size_t begin = 0; begin < w->cols; begin += w->block_cols) {
      v16 block[FK_TILE_ROWS][FK_TILE_TOKENS];
      clear(block, rows, tokens);
      tile_products(block, rows, tokens, x, x_stride, data, row_bytes, dtype, begin,
                    fk_min(begin + w->block_cols, w->cols));
#pragma unroll
      for (size_t r = 0; r < rows; r++) {
        v16 scale = v16_set(w->scales[(n + r) / w->block_rows * w->scale_cols + begin / w->block_cols]);
#pragma unroll
        for (size_t t = 0; t < tokens; t++) total[r][t] = v16_fma(scale, block[r][t], total[r][t]);
      }
    }
  }
  halve_tile(y + n, y_stride, 1, total, rows, tokens);
}

FK_INLINE void matmul_dtype(float *y, size_t y_stride, const float *x, size_t x_stride, size_t tokens,
                            const fk_matrix *w, fk_dtype dtype, size_t row_begin, size_t row_end) {
  size_t n = row_begin;
  for (; n + FK_TILE_ROWS <= row_end; n += FK_TILE_ROWS) {
    size_t t = 0;
    for (; t + FK_TILE_TOKENS <= tokens; t += FK_TILE_TOKENS)
      tile(FK_TILE_ROWS, FK_TILE_TOKENS, y + t * y_stride, y_stride, x + t * x_stride, x_stride, w, dtype, n);
    for (; t < tokens; t++) tile(FK_TILE_ROWS, 1, y + t * y_stride, y_stride, x + t * x_stride, x_stride, w, dtype, n);
  }
  for (; n < row_end; n++)
    for (size_t t = 0; t < tokens; t++) tile(1, 1, y + t * y_stride, y_stride, x + t * x_stride, x_stride, w, dtype, n);
}

// Blocks against f32 activations: nothing is rounded, and no speed is expected.
static void matmul_decoded(float *y, size_t y_stride, const float *x, size_t x_stride, size_t tokens,
                           const fk_matrix *w, size_t row_begin, size_t row_end) {
  enum { GROUP = 8 };
  float values[FK_DECODED_COLUMNS];
  for (size_t n = row_begin; n < row_end; n++) {
    for (size_t first = 0; first < tokens; first += GROUP) {
      size_t count = fk_min(GROUP, tokens - first);
      v16 sums[GROUP];
      for (size_t t = 0; t < count; t++) sums[t] = v16_set(0);
      for (size_t k = 0; k < w->cols; k += FK_DECODED_COLUMNS) {
        size_t columns = fk_min(FK_DECODED_COLUMNS, w->cols - k);
        fk_decode_columns(values, w, n, k, columns);
        for (size_t t = 0; t < count; t++)
          for (size_t j = 0; j < columns; j += FK_LANES)
            sums[t] = v16_fma(v16_load(x + (first + t) * x_stride + k + j), v16_load(values + j), sums[t]);
      }
      for (size_t t = 0; t < count; t++) y[(first + t) * y_stride + n] = v16_halve(sums[t]);
    }
  }
}

static void matmul(float *y, size_t y_stride, const float *x, size_t x_stride, size_t tokens, const fk_matrix *w,
                   size_t row_begin, size_t row_end) {
  if (fk_is_block(w->dtype)) {
    matmul_decoded(y, y_stride, x, x_stride, tokens, w, row_begin, row_end);
    return;
  }
  switch (w->dtype) {
    case FK_F32: matmul_dtype(y, y_stride, x, x_stride, tokens, w, FK_F32, row_begin, row_end); return;
    case FK_F16: matmul_dtype(y, y_stride, x, x_stride, tokens, w, FK_F16, row_begin, row_end); return;
    case FK_BF16: matmul_dtype(y, y_stride, x, x_stride, tokens, w, FK_BF16, row_begin, row_end); return;
    default: matmul_dtype(y, y_stride, x, x_stride, tokens, w, FK_E4M3, row_begin, row_end);
  }
}

FK_INLINE float tile_scale(const fk_matrix *w, size_t n, size_t c) {
  return w->dtype == FK_E4M3 ? w->scales[n / w->block_rows * w->scale_cols + c / w->block_cols] : 1.0f;
}

enum { COLUMN_GROUP = 4 };  // v16 kept in registers while a column of sums is built

// y[c ..< c + width] over rows of one column block; width <= COLUMN_GROUP * 16.
FK_INLINE void sum_columns(float *y, const float *x, const fk_matrix *w, fk_dtype dtype, size_t row_begin,
                           size_t count, size_t c, size_t width) {
  size_t size = fk_element_bytes(dtype);
  v16 sums[COLUMN_GROUP];
  for (size_t g = 0; g < COLUMN_GROUP; g++) sums[g] = v16_set(0);
  size_t full = width / FK_LANES, rest = width % FK_LANES;
  for (size_t d = 0; d < count; d++) {
    size_t n = row_begin + d;
    const uint8_t *row = (const uint8_t *)w->data + (n * w->cols + c) * size;
    v16 factor = v16_set(x[d] * tile_scale(w, n, c));
    if (full == COLUMN_GROUP) {
#pragma unroll
      for (size_t g = 0; g < COLUMN_GROUP; g++)
        sums[g] = v16_fma(factor, load_elements(row + g * FK_LANES * size, dtype), sums[g]);
    } else {
      for (size_t g = 0; g < full; g++)
        sums[g] = v16_fma(factor, load_elements(row + g * FK_LANES * size, dtype), sums[g]);
      if (rest > 0) sums[full] = v16_fma(factor, load_tail(row + full * FK_LANES * size, dtype, rest), sums[full]);
    }
  }
  for (size_t g = 0; g < full; g++) v16_store(y + c + g * FK_LANES, sums[g]);
  if (rest > 0) store_tail(y + c + full * FK_LANES, sums[full], rest);
}

static void sum_block_rows(float *y, const float *x, const fk_matrix *w, size_t row_begin, size_t count) {
  float values[FK_DECODED_COLUMNS];
  for (size_t c = 0; c < w->cols; c += FK_DECODED_COLUMNS) {
    size_t width = fk_min(FK_DECODED_COLUMNS, w->cols - c);
    memset(y + c, 0, width * sizeof(float));
    for (size_t d = 0; d < count; d++) {
      fk_decode_columns(values, w, row_begin + d, c, width);
      for (size_t k = 0; k < width; k += FK_LANES)
        v16_store(y + c + k, v16_fma(v16_set(x[d]), v16_load(values + k), v16_load(y + c + k)));
    }
  }
}

static void matmul_rows(float *y, const float *x, const fk_matrix *w, size_t row_begin, size_t count) {
  if (fk_is_block(w->dtype)) {
    sum_block_rows(y, x, w, row_begin, count);
    return;
  }
  // With blocks of scales a group of columns must not straddle two of them.
  size_t block = w->dtype == FK_E4M3 ? w->block_cols : w->cols;
  for (size_t begin = 0; begin < w->cols; begin += block) {
    size_t end = fk_min(begin + block, w->cols);
    for (size_t c = begin; c < end; c += COLUMN_GROUP * FK_LANES) {
      size_t width = fk_min(COLUMN_GROUP * FK_LANES, end - c);
      switch (w->dtype) {
        case FK_F32: sum_columns(y, x, w, FK_F32, row_begin, count, c, width); break;
        case FK_F16: sum_columns(y, x, w, FK_F16, row_begin, count, c, width); break;
        case FK_BF16: sum_columns(y, x, w, FK_BF16, row_begin, count, c, width); break;
        default: sum_columns(y, x, w, FK_E4M3, row_begin, count, c, width);
      }
    }
  }
}

static void decode_row(float *y, const fk_matrix *w, size_t row) {
  if (fk_is_block(w->dtype)) {
    fk_decode_columns(y, w, row, 0, w->cols);
    return;
  }
  for (size_t c = 0; c < w->cols; c++)
    y[c] = fk_load_element(w->data, w->dtype, row * w->cols + c) * tile_scale(w, row, c);
}

FK_INLINE v16 dot_lanes(const float *x, const void *w, fk_dtype dtype, size_t width) {
  size_t size = fk_element_bytes(dtype);
  const uint8_t *p = w;
  v16 sums = v16_set(0);
  size_t k = 0;
  for (; k + FK_LANES <= width; k += FK_LANES) sums = v16_fma(v16_load(x + k), load_elements(p + k * size, dtype), sums);
  if (k < width) sums = v16_fma(load_tail(x + k, FK_F32, width - k), load_tail(p + k * size, dtype, width - k), sums);
  return sums;
}

static float dot(const float *x, const float *y, size_t width) { return v16_halve(dot_lanes(x, y, FK_F32, width)); }

static void rms_norm(float *y, const float *x, const float *weight, size_t width, float eps) {
  float mean = dot(x, x, width) / (float)width;
  float inverse = 1.0f / sqrtf(mean + eps);
  for (size_t k = 0; k < width; k++) y[k] = x[k] * inverse * weight[k];
}

// Calls body(v16 of x[k ...]) for whole groups of 16 and writes the result to y.
#define FK_MAP(y, width, full, tail)                                  \
  do {                                                                \
    size_t k = 0;                                                     \
    for (; k + FK_LANES <= (width); k += FK_LANES) v16_store((y) + k, full); \
    if (k < (width)) store_tail((y) + k, tail, (width) - k);          \
  } while (0)

FK_INLINE v16 logistic(v16 x) {
  return v16_add(v16_set(1.0f), v16_exp(v16_sub(v16_set(-0.0f), x)));
}

FK_INLINE v16 gated(v16 gate, v16 up, v16 limit) {
  gate = v16_min(limit, gate);
  up = v16_max(v16_sub(v16_set(-0.0f), limit), v16_min(limit, up));
  return v16_mul(v16_div(gate, logistic(gate)), up);
}

static void swiglu(float *y, const float *gate, const float *up, size_t width, float limit) {
  FK_MAP(y, width, gated(v16_load(gate + k), v16_load(up + k), v16_set(limit)),
         gated(load_tail(gate + k, FK_F32, width - k), load_tail(up + k, FK_F32, width - k), v16_set(limit)));
}

static void add_scaled(float *y, const float *x, float scale, size_t width) {
  FK_MAP(y, width, v16_fma(v16_set(scale), v16_load(x + k), v16_load(y + k)),
         v16_fma(v16_set(scale), load_tail(x + k, FK_F32, width - k), load_tail(y + k, FK_F32, width - k)));
}

static void sigmoid(float *y, const float *x, size_t width) {
  FK_MAP(y, width, v16_div(v16_set(1.0f), logistic(v16_load(x + k))),
         v16_div(v16_set(1.0f), logistic(load_tail(x + k, FK_F32, width - k))));
}

static float exponentials(float *y, const float *x, size_t width) {
  float largest = x[0];
  for (size_t k = 1; k < width; k++) largest = largest < x[k] ? x[k] : largest;
  v16 sums = v16_set(0);
  size_t k = 0;
  for (; k + FK_LANES <= width; k += FK_LANES) {
    v16 e = v16_exp(v16_sub(v16_load(x + k), v16_set(largest)));
    v16_store(y + k, e);
    sums = v16_add(sums, e);
  }
  if (k < width) {
    padded space;
    store_tail(y + k, v16_exp(v16_sub(load_tail(x + k, FK_F32, width - k), v16_set(largest))), width - k);
    sums = v16_add(sums, v16_load(pad(&space, y + k, 4 * (width - k))));
  }
  return v16_halve(sums);
}

static void softmax(float *y, const float *x, size_t width) {
  float inverse = 1.0f / exponentials(y, x, width);
  for (size_t k = 0; k < width; k++) y[k] *= inverse;
}

// Where a walk over the rows of a head is. Rows in sequence are found by stepping, chosen ones by their numbers.
typedef struct {
  const uint8_t *row;
  size_t page, left;
} fk_walk;

FK_INLINE const uint8_t *fk_walk_next(fk_walk *walk, const fk_head *head, const fk_cache *cache, size_t t) {
  if (head->rows) return fk_head_row(head, cache, t);
  if (walk->left == 0) {
    walk->row = cache->pages[walk->page++] + cache->layer_offset;
    walk->left = cache->page_tokens;
  } else {
    walk->row += cache->row_bytes;
  }
  walk->left--;
  return walk->row;
}

// scores[t] = scale * (query . key_t)
FK_INLINE void score(const fk_head *head, const fk_cache *cache, fk_dtype dtype) {
  size_t size = fk_element_bytes(dtype);
  fk_walk walk = {NULL, 0, 0};
  for (size_t t = 0; t < head->count; t++) {
    const uint8_t *row = fk_walk_next(&walk, head, cache, t);
    v16 total = v16_set(0);
    v16 sums = dot_lanes(head->query_a, row + head->key_a.begin * size, dtype, head->key_a.width);
    total = v16_fma(v16_set(fk_part_scale(cache, row, head->key_a)), sums, total);
    if (head->key_b.width > 0) {
      sums = dot_lanes(head->query_b, row + head->key_b.begin * size, dtype, head->key_b.width);
      total = v16_fma(v16_set(fk_part_scale(cache, row, head->key_b)), sums, total);
    }
    head->scores[t] = v16_halve(total) * head->scale;
  }
}

enum { VALUE_GROUP = 8 };  // v16 of the output kept in registers while walking over the cached rows

FK_INLINE void mix(const fk_head *head, const fk_cache *cache, fk_dtype dtype, float inverse, size_t d, size_t width) {
  size_t size = fk_element_bytes(dtype);
  size_t full = width / FK_LANES, rest = width % FK_LANES;
  v16 sums[VALUE_GROUP];
  for (size_t g = 0; g < VALUE_GROUP; g++) sums[g] = v16_set(0);
  fk_walk walk = {NULL, 0, 0};
  for (size_t t = 0; t < head->count; t++) {
    const uint8_t *row = fk_walk_next(&walk, head, cache, t);
    v16 weight = v16_set(head->scores[t] * fk_part_scale(cache, row, head->value));
    row += (head->value.begin + d) * size;
    if (full == VALUE_GROUP) {
#pragma unroll
      for (size_t g = 0; g < VALUE_GROUP; g++)
        sums[g] = v16_fma(weight, load_elements(row + g * FK_LANES * size, dtype), sums[g]);
    } else {
      for (size_t g = 0; g < full; g++)
        sums[g] = v16_fma(weight, load_elements(row + g * FK_LANES * size, dtype), sums[g]);
      if (rest > 0) sums[full] = v16_fma(weight, load_tail(row + full * FK_LANES * size, dtype, rest), sums[full]);
    }
  }
  v16 factor = v16_set(inverse);
  for (size_t g = 0; g < full; g++) v16_store(head->out + d + g * FK_LANES, v16_mul(sums[g], factor));
  if (rest > 0) store_tail(head->out + d + full * FK_LANES, v16_mul(sums[full], factor), rest);
}

FK_INLINE void attend_dtype(const fk_head *head, const fk_cache *cache, fk_dtype dtype) {
  score(head, cache, dtype);
  float inverse = 1.0f / exponentials(head->scores, head->scores, head->count);
  for (size_t d = 0; d < head->value.width; d += VALUE_GROUP * FK_LANES)
    mix(head, cache, dtype, inverse, d, fk_min(VALUE_GROUP * FK_LANES, head->value.width - d));
}

static void attend(const fk_head *head, const fk_cache *cache) {
  switch (cache->dtype) {
    case FK_F32: attend_dtype(head, cache, FK_F32); return;
    case FK_BF16: attend_dtype(head, cache, FK_BF16); return;
    case FK_F16: attend_dtype(head, cache, FK_F16); return;
    default: attend_dtype(head, cache, FK_E4M3);
  }
}

#include "codes.h"
#include "pairs.h"
#include "attention.h"

const fk_kernels FK_TABLE = {matmul, matmul_rows, decode_row, rms_norm, swiglu, add_scaled, sigmoid, softmax, attend, dot,
                             encode_codes, matmul_codes, encode_bf16, matmul_bf16, pack_queries, attend_lanes, join_mixes};
